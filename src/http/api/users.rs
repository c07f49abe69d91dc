//! `/api/v1/users`: who may log in on the page.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::{Fields, fault};
use super::super::error::{Code, Problem};
use super::super::recorded::Noted;
use super::super::route::{Route, routes};
use super::keys::scopes;
use crate::auth::users::{Change, LONGEST_PASSWORD, User, named, usual_scopes};
use crate::auth::{Scope, Scopes};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadUsers => list, AddUser => add, ChangeUser => update, RemoveUser => remove]
}

/// The most groups that a user is in, and the most characters of the name of one.
const MOST_GROUPS: usize = 100;
const LONGEST_GROUP: usize = 100;

/// A user of the page. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ShownUser {
    /// The name, which is the owner of what the user makes.
    name: String,
    /// What the user may do.
    scopes: Vec<&'static str>,
    /// The groups that the user is in.
    groups: Vec<String>,
    /// When the user was added.
    #[schema(value_type = f64)]
    created_at: Timestamp,
}

/// All users of the page.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct UserList {
    /// The users, in the order of their names.
    users: Vec<ShownUser>,
}

/// A user that is to be added.
#[derive(ToSchema)]
#[schema(as = NewUser)]
#[expect(dead_code, reason = "it describes the body, whose fields are read one by one")]
pub(in crate::http) struct NewUserBody {
    /// The name, which is the owner of what the user makes.
    #[schema(min_length = 1, max_length = 320)]
    name: String,
    /// The password.
    #[schema(min_length = 8, max_length = 1024)]
    password: String,
    /// What the user may do; everything but what is others' or needs `admin` without.
    #[schema(min_items = 1)]
    scopes: Option<Vec<String>>,
    /// The groups that the user is in.
    #[schema(max_items = 100)]
    groups: Option<Vec<String>>,
}

/// What is to be changed of a user; what is left out stays.
#[derive(ToSchema)]
#[schema(as = ChangeUser)]
#[expect(dead_code, reason = "it describes the body, whose fields are read one by one")]
pub(in crate::http) struct ChangeUserBody {
    /// Another password.
    #[schema(min_length = 8, max_length = 1024)]
    password: Option<String>,
    /// What the user may do from now on.
    #[schema(min_items = 1)]
    scopes: Option<Vec<String>>,
    /// The groups that the user is in from now on.
    #[schema(max_items = 100)]
    groups: Option<Vec<String>>,
}

/// Lists the users of the page, without their passwords.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users",
    responses(
        (status = 200, description = "The users.", body = UserList),
        (status = 503, description = "They cannot be read now."),
    )
)]
async fn list(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let users = state.users.list().await?;
    Ok(HttpResponse::Ok().json(UserList { users: users.iter().map(ShownUser::from).collect() }))
}

/// Adds a user, who may log in on the page from then on.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users",
    request_body(content = NewUserBody),
    responses(
        (status = 201, description = "The user.", body = ShownUser),
        (status = "4XX", description = "None was added."),
        (status = 503, description = "None can be added now."),
    )
)]
async fn add(state: web::Data<State>, request: HttpRequest, JsonBody(body): JsonBody) -> Result<HttpResponse, Problem> {
    let NewUser { name, password, scopes, groups } = decode_new(body)?;
    Noted::about(&request, format!("/api/v1/users/{name}"));
    state.users.add(&name, &password, scopes, groups).await?;
    state.authenticator.credentials().refresh().await;
    let user = found(&state, &name).await?;
    Ok(HttpResponse::Created().json(user))
}

/// Changes a user's password, or what the user may do. All logins of the user end.
#[utoipa::path(
    put, path = "/api/v1/users/{name}", tag = "users",
    params(("name" = String, Path, pattern = r"^[^\x00-\x1f\x7f-\x9f]{1,320}$", description = "The user's name.")),
    request_body(content = ChangeUserBody),
    responses(
        (status = 200, description = "The user.", body = ShownUser),
        (status = "4XX", description = "Nothing was changed."),
        (status = 503, description = "Nothing can be changed now."),
    )
)]
async fn update(
    state: web::Data<State>,
    name: web::Path<String>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let (name, change) = (known(&name)?, decode_change(body)?);
    state.users.update(&name, change).await?;
    state.authenticator.credentials().refresh().await;
    Ok(HttpResponse::Ok().json(found(&state, &name).await?))
}

/// Removes a user, whose logins end. What belongs to the user stays.
#[utoipa::path(
    delete, path = "/api/v1/users/{name}", tag = "users",
    params(("name" = String, Path, pattern = r"^[^\x00-\x1f\x7f-\x9f]{1,320}$", description = "The user's name.")),
    responses(
        (status = 204, description = "The user is removed."),
        (status = "4XX", description = "There is no such user."),
        (status = 503, description = "The user cannot be removed now."),
    )
)]
async fn remove(state: web::Data<State>, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    state.users.remove(&known(&name)?).await?;
    state.authenticator.credentials().refresh().await;
    Ok(HttpResponse::NoContent().finish())
}

/// The name that an address has; a text that names nobody is nobody's name.
fn known(name: &str) -> Result<Owner, Problem> {
    named(name).map_err(|_| Code::UnknownUser.into())
}

async fn found(state: &State, name: &Owner) -> Result<ShownUser, Problem> {
    let users = state.users.list().await?;
    users.iter().find(|user| user.name == *name).map(ShownUser::from).ok_or_else(|| Code::UnknownUser.into())
}

/// A user that is to be added, as it was read.
#[derive(Debug)]
struct NewUser {
    name: Owner,
    password: String,
    scopes: Scopes,
    groups: Vec<String>,
}

fn decode_new(body: Option<Value>) -> Result<NewUser, Problem> {
    let mut fields = Fields::of(body)?;
    let name = fields
        .required_text("name", Owner::LONGEST)
        .and_then(|text| named(&text).map_err(|reason| fields.fault(&["name"], reason, "invalid_value")).ok());
    let password = fields.required_text("password", LONGEST_PASSWORD);
    let (scopes, groups) = (optional_scopes(&mut fields), groups(&mut fields));
    let faults = fields.finish();
    match (name, password) {
        (Some(name), Some(password)) if faults.is_empty() => {
            let scopes = scopes.unwrap_or_else(usual_scopes);
            Ok(NewUser { name, password, scopes, groups: groups.unwrap_or_default() })
        }
        _ => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

fn decode_change(body: Option<Value>) -> Result<Change, Problem> {
    let mut fields = Fields::of(body)?;
    let password = fields.text("password", LONGEST_PASSWORD);
    let (scopes, groups) = (optional_scopes(&mut fields), groups(&mut fields));
    let mut faults = fields.finish();
    if faults.is_empty() && password.is_none() && scopes.is_none() && groups.is_none() {
        faults.push(fault(&["body"], "must have a password, scopes or groups", "missing"));
    }
    if faults.is_empty() {
        Ok(Change { password, scopes, groups })
    } else {
        Err(Problem::invalid(Code::InvalidBody, faults))
    }
}

fn optional_scopes(fields: &mut Fields) -> Option<Scopes> {
    if fields.has("scopes") {
        return Some(scopes(fields));
    }
    // One that is null is left out, and read all the same.
    fields.value("scopes").and(None)
}

fn groups(fields: &mut Fields) -> Option<Vec<String>> {
    let groups = fields.texts("groups", MOST_GROUPS, LONGEST_GROUP)?;
    if groups.iter().any(|group| group.contains(char::is_control) || group.trim() != group) {
        fields.fault(&["groups"], "must have no control characters, and no white space around them", "invalid_value");
    }
    Some(groups)
}

impl From<&User> for ShownUser {
    fn from(user: &User) -> Self {
        Self {
            name: user.name.to_string(),
            scopes: user.scopes.iter().map(Scope::word).collect(),
            groups: user.groups.clone(),
            created_at: user.created_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_new_user_needs_a_name_and_a_password() {
        let body = |name: &str, value: Value| {
            let mut body = json!({"name": "ada", "password": "correct horse", "groups": ["ops"]});
            body[name] = value;
            decode_new(Some(body))
        };
        assert_eq!(body("scopes", json!(null)).unwrap().scopes, usual_scopes());
        assert_eq!(body("scopes", json!(["admin"])).unwrap().scopes, Scopes::from_iter([Scope::Admin]));
        for (name, value) in [
            ("name", json!("server")),
            ("name", json!(" ada")),
            ("name", json!(null)),
            ("password", json!(null)),
            ("password", json!(8)),
            ("scopes", json!([])),
            ("scopes", json!(["nope"])),
            ("groups", json!(["a\nb"])),
            ("groups", json!([" ops"])),
            ("more", json!(1)),
        ] {
            let problem = body(name, value.clone()).unwrap_err();
            assert_eq!(problem.code, Code::InvalidBody, "{name} {value}");
            assert!(problem.errors.iter().any(|fault| fault.loc.iter().any(|part| part == name)), "{name} {value}");
        }
    }

    #[test]
    fn a_change_of_nothing_is_refused() {
        assert!(decode_change(Some(json!({"groups": []}))).unwrap().groups.is_some());
        for body in [None, Some(json!({})), Some(json!({"password": null})), Some(json!({"name": "bob"}))] {
            assert_eq!(decode_change(body).unwrap_err().code, Code::InvalidBody);
        }
    }
}
