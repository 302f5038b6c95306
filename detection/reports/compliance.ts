import type { UnixMs } from "../model/time.js";
import { caseSection } from "./case-section.js";
import {
  administrationAfterHours,
  authentication,
  chainText,
  complete,
  deletions,
  encryption,
  euCalls,
  evidenceKept,
  logged,
  monitored,
  reads,
  refusals,
  responded,
  retention,
  VERDICT_TEXT,
  type Check,
} from "./compliance-checks.js";
import { EVENT_FIGURES } from "./event-figures.js";
import type { ReportBody } from "./executive.js";
import {
  callFigure,
  countryText,
  eventTable,
  eventFigure,
  figures,
  groupDigits,
  groupTable,
  number,
  text,
} from "./parts.js";
import type { ReportBlock, ReportSection, ReportTable } from "./report-document.js";
import type { ReportFacts } from "./report-facts.js";
import { accessSection, findingsSection, userTable } from "./sections.js";

export type ComplianceName = "iso27001" | "hipaa" | "sox" | "pci" | "gdpr";

interface Standard {
  readonly title: string;
  readonly checks: readonly Check[];
  readonly detail: (facts: ReportFacts) => readonly ReportSection[];
}

const check = (reference: string, asks: string, evidence: Check["evidence"]): Check => ({ reference, asks, evidence });

const STANDARDS: Readonly<Record<ComplianceName, Standard>> = {
  iso27001: {
    title: "ISO/IEC 27001:2022, evidence from telephony",
    checks: [
      check("A.5.15", "Access is controlled", refusals),
      check("A.5.25", "Security events are assessed", monitored),
      check("A.5.26", "Incidents are responded to", responded),
      check("A.5.28", "Evidence is collected", evidenceKept),
      check("A.5.33", "Records are protected from loss", complete),
      check("A.8.5", "Authentication is secure", authentication),
      check("A.8.15", "Activities are logged", logged),
      check("A.8.16", "Networks and systems are monitored", monitored),
      check("A.8.24", "Cryptography is used", encryption("all")),
      check("A.8.32", "Changes are managed", administrationAfterHours),
    ],
    detail: (facts) => [findingsSection(facts), caseSection(facts), accessSection(facts), changesSection(facts)],
  },
  hipaa: {
    title: "HIPAA Security Rule, evidence from telephony",
    checks: [
      check("45 CFR 164.308(a)(1)(ii)(D)", "System activity is reviewed", monitored),
      check("45 CFR 164.308(a)(5)(ii)(C)", "Log-ins are monitored", authentication),
      check("45 CFR 164.308(a)(6)(ii)", "Incidents are responded to and documented", responded),
      check("45 CFR 164.312(a)(1)", "Access is controlled", refusals),
      check("45 CFR 164.312(b)", "Activity is recorded and examined", logged),
      check("45 CFR 164.312(b)", "Reads of protected content are recorded", reads),
      check("45 CFR 164.312(e)(1)", "Transmissions are guarded", encryption("all")),
      check("45 CFR 164.316(b)(2)(i)", "Documentation is kept for six years", retention(6)),
    ],
    detail: (facts) => [readsSection(facts), accessSection(facts), findingsSection(facts), caseSection(facts)],
  },
  sox: {
    title: "SOX audit trail",
    checks: [
      check("17 CFR 210.2-06", "Call records are kept for seven years", retention(7)),
      check("SOX §404", "The call records of the period are complete", complete),
      check("SOX §404", "Records are not written afterwards", evidenceKept),
      check("SOX §404", "Activities are logged, and the log cannot be changed unseen", logged),
      check("SOX §404", "Changes are made by the right people at the right time", administrationAfterHours),
      check("SOX §404", "Refused actions are recorded", refusals),
    ],
    detail: (facts) => [changesSection(facts), recordsSection(facts)],
  },
  pci: {
    title: "PCI DSS, calls to payment lines",
    checks: [
      check("PCI DSS 4.2.1", "Card data is encrypted on its way: calls to payment lines", encryption("payment")),
      check("PCI DSS 8.3", "Authentication is strong", authentication),
      check("PCI DSS 10.2", "Audit logs are kept", logged),
      check("PCI DSS 10.4", "Logs are reviewed", monitored),
      check("PCI DSS 12.10", "Incidents are responded to", responded),
    ],
    detail: (facts) => [paymentSection(facts), accessSection(facts), caseSection(facts)],
  },
  gdpr: {
    title: "GDPR, evidence from telephony",
    checks: [
      check("House rule", "Calls to the EU are made by those who may", euCalls),
      check("GDPR Art. 5(2), 30", "Reads of personal content are recorded", reads),
      check("GDPR Art. 17", "Erasure is carried out", deletions),
      check("GDPR Art. 32(1)(a)", "Calls are encrypted", encryption("all")),
      check("GDPR Art. 32(1)(b)", "Access is controlled", refusals),
      check("GDPR Art. 33", "Incidents are found in time", monitored),
    ],
    detail: (facts) => [euSection(facts), readsSection(facts)],
  },
};

export function complianceReport(name: ComplianceName, facts: ReportFacts, now: UnixMs): ReportBody {
  const { title, checks, detail } = STANDARDS[name];
  const judged = checks.map((each) => ({ each, ...each.evidence(facts, now) }));
  const of = (verdict: string): number => judged.filter((row) => row.verdict === verdict).length;
  const table: ReportTable = {
    kind: "table",
    id: "checks",
    title: "What is asked, and what the rows say",
    columns: [
      { title: "Reference" },
      { title: "Asked" },
      { title: "Verdict", whole: true },
      { title: "Evidence" },
      { title: "Rows", align: "right" },
    ],
    rows: judged.map(({ each, verdict, text: said, trace }) => [
      text(each.reference),
      text(each.asks),
      text(VERDICT_TEXT[verdict], verdict),
      text(said),
      trace === undefined ? text("–", "muted") : number(trace.rows, trace),
    ]),
    empty: "",
  };
  const broken = judged.filter(({ verdict }) => verdict === "bad");
  return {
    title,
    summary: [
      `Of ${checks.length} points: shown by the rows ${of("good")}, to be looked at ${of("warning")}, broken ${broken.length}, not to be said from the rows ${of("muted")}.`,
      ...broken.map(({ each, text: said }) => `${each.reference}: ${said}`),
    ],
    sections: [{ id: "checks", title: "Points", blocks: [table] }, ...detail(facts), ...chainSection(facts)],
    limits: [
      "This is evidence for whoever audits, taken from telephony alone. It is no certificate, and a point that is shown here may be broken elsewhere.",
    ],
  };
}

/** The head is for noting elsewhere: only with it can it be shown later that nothing was cut off. */
function chainSection({ auditProof: proof }: ReportFacts): readonly ReportSection[] {
  if (proof === undefined) return [];
  const row = (title: string, value: string): ReportTable["rows"][number] => [text(title), text(value)];
  const tone = proof.verdict === "intact" ? "good" : proof.verdict === "broken" ? "bad" : "warning";
  return [
    {
      id: "audit-chain",
      title: "Audit log",
      lead: chainText(proof),
      blocks: [
        {
          kind: "table",
          id: "audit-chain",
          title: "Hash chain",
          columns: [{ title: "What" }, { title: "As checked when this report was made" }],
          rows: [
            [text("Verdict"), text(proof.verdict === "intact" ? "verified" : proof.verdict, tone)],
            row("Records", `${groupDigits(proof.records)}, ${proof.firstSeq} to ${proof.lastSeq}`),
            row("Head (note it elsewhere)", proof.records === 0 ? "–" : `${proof.lastSeq}:${proof.lastHash}`),
            row("Entries that could not be written", groupDigits(proof.lost)),
          ],
          empty: "",
        },
      ],
    },
  ];
}

function changesSection(facts: ReportFacts): ReportSection {
  const rows = facts.events.filter(
    (row) => EVENT_FIGURES.administration.counts(row) || EVENT_FIGURES.changes.counts(row),
  );
  const closed = rows.filter(({ isOpen }) => !isOpen);
  return {
    id: "changes",
    title: "Who changed what",
    blocks: [
      figures(
        eventFigure(facts, "administration"),
        eventFigure(facts, "administrationClosed", "more"),
        eventFigure(facts, "changes"),
        eventFigure(facts, "changesClosed", "more"),
      ),
      eventTable(facts, closed, {
        id: "changes-after-hours",
        title: "After hours",
        empty: "Nothing was changed after hours.",
      }),
      eventTable(facts, rows, { id: "changes", title: "All", empty: "No change of the period was read." }),
    ],
  };
}

function readsSection(facts: ReportFacts): ReportSection {
  const rows = facts.events.filter((row) => EVENT_FIGURES.reads.counts(row) || EVENT_FIGURES.deletions.counts(row));
  return {
    id: "reads",
    title: "Who read protected content",
    blocks: [
      figures(
        eventFigure(facts, "reads"),
        eventFigure(facts, "lists"),
        eventFigure(facts, "deletions"),
        eventFigure(facts, "refusedAccess", "more"),
      ),
      eventTable(facts, rows, { id: "reads", title: "Reads and deletions", empty: "None of the period was read." }),
    ],
  };
}

function recordsSection(facts: ReportFacts): ReportSection {
  return {
    id: "records",
    title: "Call records",
    blocks: [
      figures(callFigure(facts, "all"), callFigure(facts, "late", "more"), callFigure(facts, "forwarded")),
      groupTable(facts, "all", "source", {
        id: "records-by-source",
        title: "By source",
        heading: "Source",
        empty: "None.",
      }),
      groupTable(facts, "late", "source", {
        id: "late-by-source",
        title: "Late ones",
        heading: "Source",
        empty: "No record came late.",
      }),
    ],
  };
}

function paymentSection(facts: ReportFacts): ReportSection {
  return {
    id: "payment",
    title: "Calls to payment lines",
    blocks: [
      figures(
        callFigure(facts, "payment"),
        callFigure(facts, "paymentClear", "more"),
        callFigure(facts, "paymentUnknown", "more"),
      ),
      ...violations(facts),
    ],
  };
}

const violations = (facts: ReportFacts): readonly ReportBlock[] => [
  userTable(facts, "paymentClear", "payment-clear-by-user", "Not encrypted, by user"),
  groupTable(facts, "paymentClear", "site", {
    id: "payment-clear-by-site",
    title: "Not encrypted, by site",
    heading: "Site",
    empty: "None.",
  }),
];

function euSection(facts: ReportFacts): ReportSection {
  const figure = facts.rules.euCallers === undefined ? "toEu" : "toEuUnauthorised";
  return {
    id: "eu",
    title: "Calls to the European Union",
    blocks: [
      figures(callFigure(facts, "toEu"), callFigure(facts, "toEuUnauthorised", "more")),
      groupTable(
        facts,
        figure,
        "country",
        {
          id: "eu-by-country",
          title: figure === "toEu" ? "By country" : "By unauthorised users, by country",
          heading: "Country",
          empty: "None.",
        },
        countryText,
      ),
      ...(figure === "toEu" ? [] : [userTable(facts, "toEuUnauthorised", "eu-by-user", "By user")]),
    ],
  };
}
