/** What audits and crews are asked with and answer, where the wire's own types say less. */

import type { AuditDocument, BudgetLimits } from "../wire/wire.js";

export const SEVERITIES = ["error", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Where a finding is; all numbers count from 1. */
export interface FindingPlace {
  /** The line of the source; of the page in a PDF; the row of the sheet in a workbook. */
  line: number;
  /** The column of the source, in characters; workbooks and PDFs have none. */
  column?: number;
  /** Which cell of its row, in CSV and workbooks. */
  cell?: number;
  /** The page of a PDF, the sheet of a workbook. */
  page?: number;
  table?: number;
  row?: number;
}

/** Something that an agent of an audit has found. */
export interface Finding {
  severity: Severity;
  rule: string;
  message: string;
  location: FindingPlace;
  expected?: string;
  actual?: string;
  /** The words of the document that show it. */
  evidence: string;
  /** What it stands on. */
  proof?: string;
}

/** A line of a document as it was read, with its place. */
export type DocumentLine = AuditDocument["lines"][number];

export const REPORT_FORMATS = ["markdown", "csv", "sarif", "json"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** What an audit is started with. */
export interface AuditOptions {
  document: Blob;
  name: string;
  /** The ids of the agents; all checks where there are none. */
  agents?: readonly string[];
  mediaType?: string;
  onDisconnect?: "keep";
  idempotencyKey?: string;
}

/** What a crew is kicked off with. */
export interface KickoffOptions {
  inputs?: Record<string, unknown>;
  budget?: Partial<BudgetLimits>;
  /** The folder of the server's settings that its agents may read. */
  folder?: string;
  idempotencyKey?: string;
}

/** A file of a project, with its path in it. */
export interface ProjectFile {
  path: string;
  content: Blob;
}
