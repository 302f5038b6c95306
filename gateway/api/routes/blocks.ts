import { z } from "zod";
import type { Block, CalledId, CallerId, TrunkId } from "../../../detection/index.js";
import { answers, zodApp, type Routes } from "../api-context.js";
import { auditedNumber } from "../audited-number.js";
import { ApiError } from "../errors.js";
import { addedBlockAnswer, blockAnswer, blockBody, idParams } from "../schemas/records.js";
import { blockView } from "../views.js";

/** Blocks in force: list, add, remove. Numbers are raw here; the gateway applies the number plan. */
export const blockRoutes: Routes = (app, context) => {
  const { control, trail } = context;
  zodApp(app).get(
    "/api/v1/blocks",
    {
      config: { permission: "read" },
      schema: { tags: ["blocks"], summary: "Blocks in force", response: answers(z.array(blockAnswer)) },
    },
    async () => (await control.blocks()).map(blockView),
  );
  zodApp(app).post(
    "/api/v1/blocks",
    {
      config: { permission: "act" },
      schema: {
        tags: ["blocks"],
        summary: "Refuse some callers to one number for a time",
        body: blockBody,
        response: answers(blockAnswer, { 201: addedBlockAnswer }),
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const asked = { ...scopeOf(body), reason: body.reason, createdBy: principal.id, ttlMs: body.ttl_ms };
      const target = await auditedNumber(context, body.b_number);
      const block = await trail.attempt(principal, "block.add", target, () => control.addBlock(asked));
      trail.action(principal, "block.add", block.id, "done", {
        ...detailOf(block),
        ttlMs: body.ttl_ms,
        reason: body.reason,
      });
      return reply.code(201).send({ ...blockView(block), ...warningOf(block) });
    },
  );
  zodApp(app).delete(
    "/api/v1/blocks/:id",
    {
      config: { permission: "act" },
      schema: { tags: ["blocks"], summary: "Lift a block", params: idParams, response: answers(blockAnswer) },
    },
    async (request) => {
      const { principal, params } = request;
      const block = await trail.attempt(principal, "block.remove", params.id, () =>
        control.removeBlock(params.id, principal.id),
      );
      trail.action(
        principal,
        "block.remove",
        params.id,
        block === undefined ? "failed" : "done",
        block === undefined ? {} : detailOf(block),
      );
      if (block === undefined) throw new ApiError(404, "block.unknown", "no such block", "id");
      return blockView(block);
    },
  );
};

type Scope = Pick<Block, "called" | "caller" | "callerPrefix" | "trunk">;

const scopeOf = (body: z.output<typeof blockBody>): Scope => ({
  called: body.b_number as CalledId,
  ...(body.a_number === undefined ? {} : { caller: body.a_number as CallerId }),
  ...(body.a_prefix === undefined ? {} : { callerPrefix: body.a_prefix }),
  ...(body.trunk === undefined ? {} : { trunk: body.trunk as TrunkId }),
});

/** A number that the plan could not read is compared as it was dialled: the same one written as `+…` is another. */
const warningOf = ({ called }: Block): { readonly warning?: string } =>
  /^\d+$/.test(called)
    ? {
        warning: `the number plan makes no international number of ${called}: calls that have it with + or a prefix are not refused`,
      }
    : {};

const detailOf = (block: Block): Record<string, string> => ({
  called: block.called,
  ...(block.caller === undefined ? {} : { caller: block.caller }),
  ...(block.callerPrefix === undefined ? {} : { callerPrefix: block.callerPrefix }),
  ...(block.trunk === undefined ? {} : { trunk: block.trunk }),
});
