import { z } from "zod";

/** What may be kept, what may leave the house. */
export const privacySchema = z.strictObject({});
