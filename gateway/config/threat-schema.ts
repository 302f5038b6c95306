import { z } from "zod";

/** What is made of what was said: classifier, judge, ladder. */
export const threatSchema = z.strictObject({});
