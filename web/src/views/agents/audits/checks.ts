/** The checks that come with the server: an audit without agents has all of them. */

export const CHECKS = [
  { id: "numeric_validation", about: "Sums, balances, percentages and growth" },
  { id: "logic_consistency", about: "Periods, dates, references, counts and defined terms" },
  { id: "disclosure_completeness", about: "What an annual report has to disclose" },
] as const;
