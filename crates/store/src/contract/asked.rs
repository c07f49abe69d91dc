//! The part of the contract on questions that are put to others than the owner of their session.

use super::requests::request;
use super::support::{Board, append, create, in_time, summary};
use crate::{Append, Change, Counts, ListRequests, ListSessions, RequestChange, RequestOrder, StoredRequest, Summary};
use callboard_domain::answerers::Assignee;
use callboard_domain::owner::Owner;
use callboard_domain::status::Status;

contract! {
    a_session_is_listed_for_whom_it_asks_while_it_asks,
    what_is_put_to_somebody_is_listed_among_their_own_page_by_page,
    a_session_that_asks_is_found_by_words_and_counted_once,
}

fn owner(name: &str) -> Owner {
    name.parse().unwrap()
}

fn to(names: &[&str]) -> Vec<Assignee> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn of(board: &Board, name: &str) -> Summary {
    Summary { owner: owner(name), ..summary(&board.store, 0) }
}

fn put(summary: &Summary, row: u32, request: &StoredRequest, names: &[&str]) -> Append {
    let opened = RequestChange::Opened(Box::new(request.clone()), to(names));
    Append { requests: vec![opened], ..append(summary, row, Change::None) }
}

fn take(summary: &Summary, row: u32, request: &StoredRequest, names: &[&str]) -> Append {
    let closed = RequestChange::Closed(request.place, to(names));
    Append { requests: vec![closed], ..append(summary, row, Change::None) }
}

/// What Bo, who is in the group `ops`, is shown.
fn bos() -> ListSessions {
    ListSessions {
        owner: Some(owner("bo")),
        also_asking: to(&["bo", "group:ops"]),
        limit: 100,
        ..ListSessions::default()
    }
}

async fn listed(board: &Board, query: ListSessions) -> Vec<Summary> {
    in_time(board.store.list(query)).await.unwrap()
}

async fn a_session_is_listed_for_whom_it_asks_while_it_asks(board: &mut Board) {
    let (hers, his, others) = (of(board, "ada"), of(board, "bo"), of(board, "cy"));
    let (first, second) = (request(1, None), request(2, Some(9)));
    board.write([create(&hers), create(&his), create(&others)]).await;
    board.write([put(&hers, 1, &first, &["bo"]), put(&hers, 2, &second, &["group:ops", "bo"])]).await;
    assert_eq!(listed(board, bos()).await, [his.clone(), hers.clone()]);
    assert_eq!(listed(board, ListSessions { limit: 1, ..bos() }).await, std::slice::from_ref(&his));
    let behind = ListSessions { before: Some(his.key), ..bos() };
    assert_eq!(listed(board, behind).await, std::slice::from_ref(&hers));
    let running = ListSessions { status: vec![Status::Completed], ..bos() };
    assert_eq!(listed(board, running).await, []);
    board.write([take(&hers, 3, &first, &["bo"])]).await;
    assert_eq!(listed(board, bos()).await.len(), 2, "the other one is open");
    board.write([take(&hers, 4, &second, &["group:ops", "bo"])]).await;
    assert_eq!(listed(board, bos()).await, [his]);
}

async fn what_is_put_to_somebody_is_listed_among_their_own_page_by_page(board: &mut Board) {
    let (hers, his) = (of(board, "ada"), of(board, "bo"));
    board.write([create(&hers), create(&his)]).await;
    let (mut all, mut rows) = (Vec::new(), [1, 1]);
    for at in 0..18 {
        let request = StoredRequest {
            owner: owner(if at % 3 == 0 { "bo" } else { "ada" }),
            ..request(at, (at % 2 == 0).then_some(100 - at))
        };
        let names: &[&str] = match at % 3 {
            0 => &[],
            1 => &["bo", "group:ops"],
            _ => &["cy"],
        };
        let session = if at % 3 == 0 { &his } else { &hers };
        let row = &mut rows[usize::from(at % 3 == 0)];
        board.write([put(session, *row, &request, names)]).await;
        *row += 1;
        if at % 3 != 2 {
            all.push(request);
        }
    }
    for order in [RequestOrder::Age, RequestOrder::Deadline] {
        all.sort_by_key(|request| request.cursor().key(order));
        for (limit, max_bytes) in [(1, usize::MAX), (2, usize::MAX), (5, usize::MAX), (100, usize::MAX), (100, 40)] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let query = ListRequests {
                    owner: Some(owner("bo")),
                    also_asking: to(&["bo", "group:ops"]),
                    order,
                    after,
                    limit,
                    max_bytes,
                    ..ListRequests::default()
                };
                let page = in_time(board.store.requests(query)).await.unwrap();
                assert!(!page.requests.is_empty() && page.requests.len() <= limit);
                after = page.requests.last().map(StoredRequest::cursor);
                found.extend(page.requests);
                if !page.has_more {
                    break;
                }
            }
            assert_eq!(found, all, "{order:?} {limit} {max_bytes}");
        }
    }
}

async fn a_session_that_asks_is_found_by_words_and_counted_once(board: &mut Board) {
    let titled = |summary: Summary| Summary { title: Some("An order".into()), ..summary };
    let (hers, his, others) = (titled(of(board, "ada")), titled(of(board, "bo")), titled(of(board, "cy")));
    let own = request(1, None);
    board.write([create(&hers), create(&his), create(&others)]).await;
    board.write([put(&his, 1, &own, &["bo"]), put(&hers, 1, &request(2, None), &["bo", "group:ops"])]).await;
    let words = vec!["order".to_owned()];
    super::search::finds(board, "order", &[&others, &his, &hers]).await;
    let found = in_time(board.store.search(words.clone(), bos())).await.unwrap();
    assert_eq!((found.is_complete, found.sessions), (true, vec![his.clone(), hers.clone()]));
    for words in [Vec::new(), words] {
        let counts: Counts = in_time(board.store.count(words, bos())).await.unwrap();
        assert_eq!(counts.by_status, [(hers.state.status, 2)]);
    }
}
