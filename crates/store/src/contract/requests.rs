//! The part of the contract on open questions.

use super::support::{Board, append, create, in_time, summary};
use crate::{
    Append, Change, ListRequests, RequestChange, RequestCursor, RequestOrder, RequestPage, StoredRequest, Summary,
};
use callboard_domain::id::RequestId;
use callboard_domain::listed_request::RequestPlace;
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;

contract! {
    questions_are_listed_by_deadline_and_by_age_page_by_page,
    a_question_is_open_until_the_row_that_closes_it,
    a_page_is_of_one_moment_with_the_last_event,
    a_refused_row_opens_nothing,
    questions_are_filtered_by_task_and_owner,
    an_owners_questions_are_paged_and_closed_like_all,
    a_page_ends_where_its_bytes_are_enough,
}

/// A question that was asked at that second, and may have a deadline.
pub(super) fn request(asked_at: i64, expires_at: Option<i64>) -> StoredRequest {
    let seconds = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    StoredRequest {
        place: RequestPlace { asked_at: seconds(asked_at), request_id: RequestId::random() },
        expires_at: expires_at.map(seconds),
        task: "approval".into(),
        owner: Owner::SERVER,
        json: format!("{{\"asked_at\":{asked_at}}}").into(),
    }
}

fn asks(summary: &Summary, row: u32, changes: Vec<RequestChange>) -> Append {
    Append { requests: changes, ..append(summary, row, Change::None) }
}

fn open(requests: &[StoredRequest]) -> Vec<RequestChange> {
    requests.iter().map(|request| RequestChange::Opened(Box::new(request.clone()), Vec::new())).collect()
}

const ALL: ListRequests = ListRequests {
    owner: None,
    also_asking: Vec::new(),
    asking: None,
    task: None,
    order: RequestOrder::Deadline,
    after: None,
    limit: usize::MAX - 1,
    max_bytes: usize::MAX,
};

async fn list(board: &Board, query: ListRequests) -> RequestPage {
    in_time(board.store.requests(query)).await.unwrap()
}

/// All, read in pages of so many.
async fn paged(board: &Board, order: RequestOrder, limit: usize) -> Vec<StoredRequest> {
    let (mut all, mut after) = (Vec::new(), None::<RequestCursor>);
    loop {
        let page = list(board, ListRequests { order, after, limit, ..ALL }).await;
        assert!(page.requests.len() <= limit);
        after = page.requests.last().map(StoredRequest::cursor);
        all.extend(page.requests);
        if !page.has_more {
            return all;
        }
    }
}

async fn questions_are_listed_by_deadline_and_by_age_page_by_page(board: &mut Board) {
    let one = summary(&board.store, 0);
    let mut by_age: Vec<_> =
        [(1, None), (2, Some(90)), (3, Some(80)), (4, None), (5, Some(80)), (5, Some(80)), (6, None)]
            .map(|(asked_at, expires_at)| request(asked_at, expires_at))
            .into();
    board.write([create(&one), asks(&one, 1, open(&by_age))]).await;
    by_age.sort_by_key(|request| request.place);
    let mut by_deadline = by_age.clone();
    by_deadline.sort_by_key(|request| (request.expires_at.unwrap_or(Timestamp::NEVER), request.place));
    for limit in [1, 2, 3, 7, 100] {
        assert_eq!(paged(board, RequestOrder::Age, limit).await, by_age, "{limit}");
        assert_eq!(paged(board, RequestOrder::Deadline, limit).await, by_deadline, "{limit}");
    }
}

async fn a_question_is_open_until_the_row_that_closes_it(board: &mut Board) {
    let one = summary(&board.store, 0);
    let (first, second) = (request(1, None), request(2, Some(9)));
    board.write([create(&one), asks(&one, 1, open(&[first.clone(), second.clone()]))]).await;
    board.write([asks(&one, 2, vec![RequestChange::Closed(first.place, Vec::new())])]).await;
    assert_eq!(list(board, ALL).await.requests, std::slice::from_ref(&second));
    let third = request(3, None);
    let mut changes = open(std::slice::from_ref(&third));
    changes.extend([RequestChange::Closed(second.place, Vec::new()), RequestChange::Closed(third.place, Vec::new())]);
    board.write([asks(&one, 3, changes)]).await;
    assert_eq!(list(board, ALL).await.requests, []);
}

async fn a_page_is_of_one_moment_with_the_last_event(board: &mut Board) {
    assert_eq!(list(board, ALL).await, RequestPage::default());
    let one = summary(&board.store, 0);
    let event = |number| super::events::new("request.opened", number);
    board.store.append_with(create(&one), vec![event(0)]);
    board.store.append_with(asks(&one, 1, open(&[request(1, None)])), vec![event(1), event(2)]);
    board.written(0, one.id, 1).await;
    let page = list(board, ALL).await;
    assert_eq!((page.requests.len(), page.has_more, page.last_event), (1, false, 3));
}

async fn a_refused_row_opens_nothing(board: &mut Board) {
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    board.store.append(asks(&one, 0, open(&[request(1, None)])));
    board.refused(one.id).await;
    assert_eq!(list(board, ALL).await.requests, []);
}

async fn questions_are_filtered_by_task_and_owner(board: &mut Board) {
    let one = summary(&board.store, 0);
    let ada: Owner = "ada".parse().unwrap();
    let (plain, audit) = (request(1, None), StoredRequest { task: "audit".into(), ..request(2, Some(5)) });
    let hers = StoredRequest { owner: ada.clone(), ..request(3, None) };
    let all = [plain.clone(), audit.clone(), hers.clone()];
    board.write([create(&one), asks(&one, 1, open(&all))]).await;
    for order in [RequestOrder::Age, RequestOrder::Deadline] {
        let of_task = ListRequests { task: Some("audit".into()), order, ..ALL };
        assert_eq!(list(board, of_task).await.requests, std::slice::from_ref(&audit));
        let of_ada = ListRequests { owner: Some(ada.clone()), order, ..ALL };
        assert_eq!(list(board, of_ada).await.requests, std::slice::from_ref(&hers));
    }
    let servers = ListRequests { owner: Some(Owner::SERVER), order: RequestOrder::Age, ..ALL };
    assert_eq!(list(board, servers).await.requests, [plain, audit]);
}

async fn an_owners_questions_are_paged_and_closed_like_all(board: &mut Board) {
    let one = summary(&board.store, 0);
    let owners: Vec<Owner> = ["ada", "bo", "server"].map(|owner| owner.parse().unwrap()).into();
    let mut all: Vec<_> = (0..18)
        .map(|at| {
            let expires_at = (at % 2 == 0).then_some(100 - at);
            StoredRequest { owner: owners[at as usize % 3].clone(), ..request(at, expires_at) }
        })
        .collect();
    board.write([create(&one), asks(&one, 1, open(&all))]).await;
    let closed = all.split_off(15);
    let closing = closed.iter().map(|request| RequestChange::Closed(request.place, Vec::new())).collect();
    board.write([asks(&one, 2, closing)]).await;
    for owner in &owners {
        for order in [RequestOrder::Age, RequestOrder::Deadline] {
            let mut expected: Vec<_> = all.iter().filter(|request| request.owner == *owner).cloned().collect();
            expected.sort_by_key(|request| request.cursor().key(order));
            let (mut listed, mut after) = (Vec::new(), None);
            loop {
                let page =
                    list(board, ListRequests { owner: Some(owner.clone()), order, after, limit: 2, ..ALL }).await;
                after = page.requests.last().map(StoredRequest::cursor);
                listed.extend(page.requests);
                if !page.has_more {
                    break;
                }
            }
            assert_eq!(listed, expected, "{owner} {order:?}");
        }
    }
}

async fn a_page_ends_where_its_bytes_are_enough(board: &mut Board) {
    let one = summary(&board.store, 0);
    let all = [request(1, Some(2)), request(2, None), request(3, None)];
    board.write([create(&one), asks(&one, 1, open(&all))]).await;
    for order in [RequestOrder::Age, RequestOrder::Deadline] {
        for (max_bytes, expected) in [(0, 1), (1, 1), (14, 1), (15, 2), (28, 2), (29, 3)] {
            let page = list(board, ListRequests { max_bytes, order, ..ALL }).await;
            assert_eq!((page.requests.len(), page.has_more), (expected, expected < 3), "{max_bytes}");
        }
    }
}
