//! Sockets and event streams for the HTTP layer, which does not know connections.

use actix_web::{HttpRequest, HttpResponse, web};
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::connection::event_socket::EventSocketRequest;
use crate::connection::{self, AuditRequest, Connections, SessionRequest, WorkflowsRequest, event_stream};
use crate::domain::id::SessionId;
use crate::http::{Admission, Problem, Streams};
use crate::hub::close::CloseCode;
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::Status;

/// The connections of one worker, as the HTTP layer wants them.
pub(super) struct Sockets(pub(super) Connections);

impl Streams for Sockets {
    fn socket(
        &self,
        request: HttpRequest,
        payload: web::Payload,
        asked: SessionRequest,
        admission: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>> {
        let (admission, connections) = (admitted(admission), self.0.clone());
        async move {
            let response = connections.session_socket(&request, payload, asked, admission).await;
            response.map_err(|error| Problem::from(error).into())
        }
        .boxed_local()
    }

    fn audit(
        &self,
        request: HttpRequest,
        payload: web::Payload,
        asked: AuditRequest,
        admission: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>> {
        let (admission, connections) = (admitted(admission), self.0.clone());
        async move {
            let response = connections.audit_socket(&request, payload, asked, admission).await;
            response.map_err(|error| Problem::from(error).into())
        }
        .boxed_local()
    }

    fn workflows(
        &self,
        request: HttpRequest,
        payload: web::Payload,
        asked: WorkflowsRequest,
        admission: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>> {
        let (admission, connections) = (admitted(admission), self.0.clone());
        async move {
            let response = connections.workflow_socket(&request, payload, asked, admission).await;
            response.map_err(|error| Problem::from(error).into())
        }
        .boxed_local()
    }

    fn workflow_events(
        &self,
        request: HttpRequest,
        standing: (WorkflowKey, Status),
        since: Option<u64>,
    ) -> Result<HttpResponse, actix_web::Error> {
        self.0.workflow_events(&request, standing, since).map_err(|error| Problem::from(error).into())
    }

    fn event_socket(
        &self,
        request: HttpRequest,
        payload: web::Payload,
        asked: EventSocketRequest,
        admission: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>> {
        let (admission, connections) = (admitted(admission), self.0.clone());
        async move {
            let response = connections.event_socket(&request, payload, asked, admission).await;
            response.map_err(|error| Problem::from(error).into())
        }
        .boxed_local()
    }

    fn events(
        &self,
        request: HttpRequest,
        session_id: SessionId,
        since: u64,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>> {
        let connections = self.0.clone();
        async move {
            event_stream(&connections, &request, session_id, Some(since))
                .await
                .map_err(|error| Problem::from(error).into())
        }
        .boxed_local()
    }
}

fn admitted(admission: Admission) -> connection::Admission {
    match admission {
        Admission::Allowed => connection::Admission::Welcome,
        Admission::Unknown => connection::Admission::Unknown,
        Admission::ForbiddenOrigin | Admission::Forbidden => connection::Admission::Closed(CloseCode::NotAllowed),
        Admission::BadCredential => connection::Admission::Closed(CloseCode::NotAuthenticated),
        Admission::TooMany => connection::Admission::Closed(CloseCode::TooManyMessages),
        Admission::NotNow => connection::Admission::Closed(CloseCode::Overloaded),
    }
}
