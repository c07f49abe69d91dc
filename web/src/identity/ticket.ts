/** The ticket that the server's log shows to its operator: it comes behind the address, once. */

/** Takes the ticket out of the address, so that it stands neither there nor in the history. */
export function takeTicket(): string | null {
  const ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
  if (ticket !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return ticket;
}
