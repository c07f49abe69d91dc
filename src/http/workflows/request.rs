//! What a request says outside of its body: which workflow, by whom, and against which version.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};

use super::super::client::visible;
use super::super::error::Problem;
use super::super::query::Query;
use crate::auth::Principal;
use crate::workflow::definition::id_fault;
use crate::workflow::refused::Refused;

/// The workflow that a path names. An id that is none names no workflow.
#[derive(Clone, Debug)]
pub(in crate::http) struct Named(pub(super) String);

impl FromRequest for Named {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("workflow_id").filter(|id| id_fault(id).is_none());
        ready(id.map(|id| Named(id.to_owned())).ok_or_else(|| Refused::UnknownWorkflow.into()))
    }
}

/// Who asks, under the name that they give themselves: in `X-Client-Id`, else in the query's `client_id`.
#[derive(Clone, Debug)]
pub(in crate::http) struct Author(pub(super) Principal);

/// How an [`Author`] is described.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes what `author` reads")]
pub(super) struct AuthorInHeader {
    /// Who does so.
    #[param(rename = "X-Client-Id", pattern = r"^[!-~]{1,64}$")]
    client_id: Option<String>,
}

/// See [`AuthorInHeader`].
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `author` reads")]
pub(super) struct AuthorInQuery {
    /// Who does so, where X-Client-Id does not say so.
    client_id: Option<String>,
}

impl FromRequest for Author {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let principal = Principal::of(request);
        let name = author(request.headers(), request.query_string());
        ready(name.map(|name| {
            Author(match name {
                Some(name) => principal.named(&name),
                None => principal,
            })
        }))
    }
}

fn author(headers: &HeaderMap, query: &str) -> Result<Option<String>, Problem> {
    if let Some(author) = visible(headers, "X-Client-Id", 64)? {
        return Ok(Some(author.to_owned()));
    }
    let mut query = Query::of(query);
    let author = query.text("client_id");
    if author.as_ref().is_some_and(|id| id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_graphic())) {
        query.fault("client_id", "must be 1 to 64 visible ASCII characters", "invalid_value");
    }
    query.finish().map(|()| author)
}

/// A parameter that is `true` or `false`; false where it is left out.
pub(super) fn flag(query: &mut Query<'_>, name: &str) -> bool {
    match query.text(name).as_deref() {
        Some("true") => true,
        Some("false") | None => false,
        Some(_) => {
            query.fault(name, "must be true or false", "wrong_type");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn who_asks() {
        let read = |name: Option<&str>, query: &str| {
            let request =
                name.into_iter().fold(TestRequest::get(), |request, name| request.insert_header(("x-client-id", name)));
            author(request.to_http_request().headers(), query).map_err(|problem| problem.code.word())
        };
        assert_eq!(read(Some("ada"), "client_id=bob"), Ok(Some("ada".into())));
        assert_eq!(read(None, "client_id=bob"), Ok(Some("bob".into())));
        assert_eq!(read(None, ""), Ok(None));
        assert_eq!(read(None, "client_id=a+b"), Err("invalid_query"));
        assert_eq!(read(Some("a b"), ""), Err("invalid_header"));
    }
}
