//! Answers that are put together part by part, as fast as the client takes them.

use actix_web::http::header::ContentType;
use actix_web::{Error, HttpResponse};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};

/// JSON whose first part is there, and who reads on where there is more: `read` gives the next part, and who reads on then.
pub(super) fn json<R, E, F>(first: Bytes, rest: Option<R>, read: impl Fn(R) -> F + 'static) -> HttpResponse
where
    R: 'static,
    E: Into<Error> + 'static,
    F: Future<Output = Result<(Bytes, Option<R>), E>> + 'static,
{
    let mut response = HttpResponse::Ok();
    response.content_type(ContentType::json());
    let Some(rest) = rest else { return response.body(first) };
    let rest = stream::try_unfold(Some(rest), move |reader| {
        let part = reader.map(&read);
        async move {
            match part {
                Some(part) => part.await.map(Some),
                None => Ok(None),
            }
        }
    });
    let first = stream::once(std::future::ready(Ok(first)));
    response.streaming(first.chain(rest.map_err(Into::into)))
}
