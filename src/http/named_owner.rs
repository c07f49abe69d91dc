//! `?owner=`: whose things an operator means. Ids that clients choose are each owner's own.

use super::decode::fault;
use super::error::{Code, Problem};
use super::query::Query;
use crate::auth::Principal;
use crate::domain::owner::Owner;

/// The owner that a query names, where it names one.
///
/// # Errors
/// Where what it names is no owner.
pub(super) fn named(query: &str) -> Result<Option<Owner>, Problem> {
    // Most requests have no such parameter, and each of them comes here.
    if !query.contains("owner=") {
        return Ok(None);
    }
    let Some(named) = Query::of(query).text("owner") else { return Ok(None) };
    named.parse().map(Some).map_err(|bad: crate::domain::owner::BadOwner| {
        let fault = fault(&["query", "owner"], bad.to_string(), "invalid_value");
        Problem::invalid(Code::InvalidQuery, vec![fault])
    })
}

/// The principal, for the things of the owner that a query names, where it names one.
///
/// # Errors
/// Where it names none, or somebody else's things are not for this principal.
pub(super) fn reaching(principal: Principal, query: &str) -> Result<Principal, Problem> {
    let Some(owner) = named(query)? else { return Ok(principal) };
    let refused = || Problem::new(Code::Forbidden, "Naming another owner needs a credential with the scope admin.");
    principal.reaching(owner).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::PrincipalKind;
    use crate::auth::policy::sight;

    #[test]
    fn an_operator_reaches_whom_the_query_names_and_nobody_else_does() {
        let operator = || Principal::new(PrincipalKind::Operator);
        assert_eq!(sight(&reaching(operator(), "limit=1").unwrap()), None);
        let named = reaching(operator(), "a=1&owner=ada%40x").unwrap();
        assert_eq!(sight(&named).map(Owner::as_str), Some("ada@x"));
        assert_eq!(named.owner().as_str(), "ada@x");
        assert_eq!(reaching(operator(), "owner=%0A").unwrap_err().code, Code::InvalidQuery);
        let local = || Principal::new(PrincipalKind::Local);
        assert_eq!(reaching(local(), "owner=ada").unwrap_err().code, Code::Forbidden);
        assert!(reaching(local(), "owner=server").is_ok());
    }
}
