//! What it costs to tell one burst to a thousand connections: framed once, queued for each, taken out again.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use callboard::config::connections::Connections;
use callboard::domain::burst::{Burst, BurstBuilder};
use callboard::domain::entry::Entry;
use callboard::domain::id::SessionId;
use callboard::domain::tail::Replay;
use callboard::domain::time::Timestamp;
use callboard::hub::links::Arrival;
use callboard::hub::{Announced, ConnectionCounts, Items, Join, Link, Links, Publish, Recipients, Topic};
use callboard::metrics::Metrics;
use callboard::socket::{Form, Kind, Socket};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const LISTENERS: usize = 1000;

/// A burst of `count` messages of 256 bytes.
fn burst(count: u64) -> Arc<Burst> {
    let mut builder = BurstBuilder::default();
    for seq in 1..=count {
        let content = "x".repeat(256 - r#"{"type":"stream","content":"","seq":1,"timestamp":1.5}"#.len());
        builder.append(&Entry::Stream { content }, None, seq, Timestamp::from_micros(1_500_000));
    }
    Arc::new(builder.finish())
}

fn fanout(criterion: &mut Criterion) {
    let settings = Connections::default();
    let Ok(metrics) = Metrics::install(1) else { return };
    let links = Links::new(0, &settings, ConnectionCounts::new(settings.max_connections), metrics.connections());
    let topic = Topic::Session(SessionId::random());
    let listeners: Vec<Rc<Link>> = (0..LISTENERS)
        .map(|_| {
            let dialect = Socket::of(Kind::Session, Form::default());
            let link = links.open(Arrival { dialect, address: None, topic: Some(topic), line: None });
            let (connection, items) = (link.id(), Items::Replay(Arc::new(Replay::default())));
            links.join(&Join { connection, topic, items, position: 0, announced: Announced::No });
            link
        })
        .collect();
    let mut context = Context::from_waker(Waker::noop());
    let mut group = criterion.benchmark_group("fanout");
    for count in [1, 16] {
        let to = Recipients::Followers([topic].into_iter().collect());
        let publish = Publish { to, items: Items::Burst(burst(count)) };
        group.throughput(Throughput::Elements(LISTENERS as u64 * count));
        group.bench_function(format!("{count} messages to {LISTENERS} links"), |bencher| {
            bencher.iter(|| {
                links.publish(&publish);
                for link in &listeners {
                    while let Poll::Ready(Some(bytes)) = link.poll_next(&mut context) {
                        std::hint::black_box(bytes);
                    }
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, fanout);
criterion_main!(benches);
