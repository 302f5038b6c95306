import { z } from "zod";

/** Speech to text: engines, models, capacity. */
export const speechSchema = z.strictObject({});
