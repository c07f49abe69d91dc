//! Everything that may fail does, in turn and for as long as `CHAOS_SECONDS` says, while people go on: `just chaos`.
//!
//! It goes in rounds, each with servers of its own and checked at its end; every other one has an engine with a replica. What
//! fails, and when, comes of `CHAOS_SEED` and the number of the round. A round that is red leaves all that was seen, with the
//! servers' logs, in a folder under `target/tmp/chaos/`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rustix::process::Signal;

use super::history::History;
use super::load::{Load, STEPS};
use super::stage::{Stage, TOKEN};
use crate::support::{eventually, json};

const SERVERS: usize = 3;
const PEOPLE: usize = 12;
/// How long a round goes on before its people are to come to an end.
const ROUND: Duration = Duration::from_secs(60);
/// The most faults that are shown, and lines of each log; all are in the folder.
const SHOWN: usize = 20;

/// Each with a step that is written down where it is done, and then told.
const SCRIPT: &str = r#"
    read -r start; id=${start#*\"session_id\":\"}; id=${id%%\"*}
    for step in 0 1 2 3; do
        echo "{\"type\":\"step\",\"name\":\"s$step\"}"; read -r reply
        case $reply in
            *step_run*)
                came=$$-$step; echo "$id $step $came" >> "$1"; sleep 0.02
                echo "{\"type\":\"step_completed\",\"name\":\"s$step\",\"value\":\"$came\"}" ;;
            *) came=${reply#*\"value\":\"}; came=${came%%\"*} ;;
        esac
        echo "{\"type\":\"stream\",\"content\":\"s$step=$came\"}"
        if [ $step = 1 ]; then echo '{"type":"request_confirmation","message":"Go on?"}'; read -r reply; fi
    done
"#;

/// What fails.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// A server is killed, and started again later.
    Kill,
    /// A server is killed, and another is cut off at the same time.
    KillAndCut,
    /// A server is stopped, and goes on later.
    Stop,
    /// A server is replaced in good order.
    Replace,
    /// All servers are, one after another.
    ReplaceAll,
    /// The wire between a server and the engine.
    Wire(Fault),
    /// The engine closes all subscriptions, again and again.
    Unsubscribe,
    /// The engine does not answer for a time.
    Pause,
    /// The engine is killed, and started again later.
    Engine,
    /// The engine is killed, and its replica takes its place.
    FailOver,
}

/// What a wire does.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It is cut.
    Cut,
    /// It holds back what is sent.
    Hold,
    /// It is slow.
    Delay,
    /// It loses what is sent over its connections, and they stay open.
    Lose,
    /// It loses what the engine answers: that has done what it was sent.
    LoseAnswers,
}

const WITHOUT_REPLICA: &[Trouble] = &[
    Trouble::Kill,
    Trouble::Kill,
    Trouble::KillAndCut,
    Trouble::Stop,
    Trouble::Stop,
    Trouble::Replace,
    Trouble::ReplaceAll,
    Trouble::Wire(Fault::Cut),
    Trouble::Wire(Fault::Hold),
    Trouble::Wire(Fault::Delay),
    Trouble::Wire(Fault::Lose),
    Trouble::Wire(Fault::LoseAnswers),
    Trouble::Wire(Fault::LoseAnswers),
    Trouble::Unsubscribe,
    Trouble::Pause,
    Trouble::Engine,
];
const WITH_REPLICA: &[Trouble] = &[
    Trouble::FailOver,
    Trouble::FailOver,
    Trouble::Kill,
    Trouble::Stop,
    Trouble::Engine,
    Trouble::Wire(Fault::Hold),
    Trouble::Wire(Fault::Lose),
    Trouble::Wire(Fault::LoseAnswers),
];

/// A round that goes on.
struct Round {
    name: String,
    stage: Stage,
    random: StdRng,
    effects: PathBuf,
    /// What has failed, and when.
    course: String,
}

impl Round {
    async fn begin(seed: u64, number: u64) -> Option<Self> {
        let effects = tempfile::NamedTempFile::new().unwrap().into_temp_path().keep().unwrap();
        let command = ["sh", "-c", SCRIPT, "sh", effects.to_str().unwrap()];
        let tasks = json!([{"name": STEPS, "command": command}]).to_string();
        // An engine that is given up soon is sent more again.
        let settings = [("task", tasks.as_str()), ("sessions.park_after", "0.5"), ("store.engine_timeout", "1")];
        let stage = match number % 2 {
            0 => Stage::with(SERVERS, &settings).await?,
            _ => Stage::replicated(SERVERS, &settings).await?,
        };
        let random = StdRng::seed_from_u64(seed.wrapping_add(number));
        Some(Self { name: format!("seed {seed}, round {number}"), stage, random, effects, course: String::new() })
    }

    /// Has one thing fail, and waits until all servers are well again.
    async fn go_wrong(&mut self, trouble: Trouble, load: &Load) {
        let at = self.random.random_range(0..SERVERS);
        let time = Duration::from_millis(self.random.random_range(200..3500));
        let line = format!("{} {trouble:?} of {at} for {} ms", load.moment(), time.as_millis());
        eprintln!("{line}");
        self.course.push_str(&(line + "\n"));
        let stage = &mut self.stage;
        match trouble {
            Trouble::Kill => {
                stage.members[at].kill();
                tokio::time::sleep(time).await;
                stage.members[at].spawn();
            }
            Trouble::KillAndCut => {
                let other = (at + 1) % SERVERS;
                stage.members[at].kill();
                stage.wires[other].cut();
                tokio::time::sleep(time).await;
                stage.wires[other].join();
                stage.members[at].spawn();
            }
            Trouble::Stop => {
                stage.members[at].signal(Signal::STOP);
                tokio::time::sleep(time).await;
                stage.members[at].signal(Signal::CONT);
            }
            Trouble::Replace => stage.replace(at).await,
            Trouble::ReplaceAll => stage.replace_all().await,
            Trouble::Wire(fault) => {
                let wire = &stage.wires[at];
                match fault {
                    Fault::Cut => wire.cut(),
                    Fault::Hold => wire.hold(),
                    Fault::Delay => wire.delay(time / 20),
                    Fault::Lose => wire.lose(),
                    Fault::LoseAnswers => wire.lose_answers(),
                }
                tokio::time::sleep(time).await;
                wire.join();
            }
            Trouble::Unsubscribe => {
                for _ in 0..10 {
                    stage.engine_command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
                    tokio::time::sleep(time / 10).await;
                }
            }
            Trouble::Pause => {
                stage.engine_command(&["CLIENT", "PAUSE", &time.as_millis().to_string()]);
                tokio::time::sleep(time).await;
            }
            Trouble::Engine => {
                stage.kill_engine();
                tokio::time::sleep(time).await;
                stage.start_engine();
            }
            Trouble::FailOver => stage.fail_over(),
        }
        stage.until_all_are_ready().await;
    }

    /// What is wrong in the end; nothing where all is well.
    async fn check(&self, load: Load) -> Result<usize, String> {
        let begun = Instant::now();
        let (mut history, all_ended) = load.end().await;
        let ended = begun.elapsed();
        self.stage.read_all(&mut history).await;
        eprintln!("ended after {} s, read within {} s", ended.as_secs(), (begun.elapsed() - ended).as_secs());
        let effects = std::fs::read_to_string(&self.effects).unwrap();
        history.effects = effects
            .lines()
            .map(|line| line.split(' ').collect::<Vec<_>>())
            .map(|words| (words[0].to_owned(), words[1].parse().unwrap(), words[2].to_owned()))
            .collect();
        let mut faults = history.faults();
        if !all_ended {
            faults.insert(0, "some sessions do not come to an end, or a request is not answered".to_owned());
        }
        for (at, member) in self.stage.members.iter().enumerate() {
            if let Some(panic) = member.log().lines().find(|line| line.contains("panicked")) {
                faults.push(format!("server {at}: {panic}"));
            }
        }
        if faults.is_empty() {
            std::fs::remove_file(&self.effects).unwrap();
            return Ok(history.played.len());
        }
        Err(self.report(&history, &faults))
    }

    /// Keeps all that is needed to find the cause; says where, and the first faults.
    fn report(&self, history: &History, faults: &[String]) -> String {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("chaos").join(self.name.replace([',', ' '], "-"));
        std::fs::create_dir_all(&folder).unwrap();
        for (at, member) in self.stage.members.iter().enumerate() {
            std::fs::write(folder.join(format!("server-{at}.log")), member.log()).unwrap();
        }
        std::fs::write(folder.join("course"), &self.course).unwrap();
        std::fs::write(folder.join("faults"), faults.join("\n")).unwrap();
        let logged = self.stage.members.iter().enumerate().fold(String::new(), |mut logged, (at, member)| {
            let log = member.log();
            let lines: Vec<&str> = log.lines().collect();
            let _ = writeln!(logged, "server {at}: {}", lines[lines.len().saturating_sub(SHOWN)..].join("\n"));
            logged
        });
        let mut sessions = String::new();
        for (id, played) in history.played.iter().filter(|(id, _)| faults.iter().any(|fault| fault.contains(*id))) {
            let _ = writeln!(sessions, "{id}: {played:#?}\nits journals: {:#?}\n", history.journals.get(id));
        }
        std::fs::write(folder.join("sessions"), sessions).unwrap();
        std::fs::write(folder.join("events"), format!("{:#?}\n{:#?}", history.listened, history.logs)).unwrap();
        let shown = faults.iter().take(SHOWN).map(|fault| fault.chars().take(2000).collect::<String>());
        format!(
            "{}: {} faults, of {} sessions; everything is in {}\n{}\n{}\n{logged}",
            self.name,
            faults.len(),
            history.played.len(),
            folder.display(),
            self.course,
            shown.collect::<Vec<_>>().join("\n")
        )
    }
}

impl Stage {
    async fn until_all_are_ready(&self) {
        for at in 0..SERVERS {
            self.until_ready(at, 200).await;
        }
    }

    async fn replace_all(&mut self) {
        for at in 0..SERVERS {
            self.replace(at).await;
            self.until_ready(at, 200).await;
        }
    }

    /// Ends a server in good order, and starts it again.
    async fn replace(&mut self, at: usize) {
        let member = &mut self.members[at];
        member.signal(Signal::TERM);
        while !member.has_ended() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let status = member.wait();
        assert_eq!(status.code(), Some(0), "{}", member.log());
        member.spawn();
    }
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_whatever_fails() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let Some(seconds) = number("CHAOS_SECONDS") else { return };
    let seed = number("CHAOS_SEED").unwrap_or_else(|| rand::random_range(0..1_000_000));
    let (begun, until) = (Instant::now(), Duration::from_secs(seconds));
    let mut round = number("CHAOS_ROUND").unwrap_or(0);
    while begun.elapsed() < until {
        eprintln!("chaos: CHAOS_SEED={seed} CHAOS_ROUND={round}, {} s of {seconds}", begun.elapsed().as_secs());
        let Some(mut now) = Round::begin(seed, round).await else { return };
        let load = Load::start(
            &now.stage.apis(),
            PEOPLE,
            &["approval", "approval", "long_running_task", "simulate_streaming", STEPS],
            seed.wrapping_add(round),
        );
        let ends = Instant::now() + ROUND.min(until.saturating_sub(begun.elapsed()));
        let troubles = if round % 2 == 0 { WITHOUT_REPLICA } else { WITH_REPLICA };
        while Instant::now() < ends {
            tokio::time::sleep(Duration::from_millis(now.random.random_range(500..3000))).await;
            let trouble = *troubles.choose(&mut now.random).unwrap();
            now.go_wrong(trouble, &load).await;
        }
        match now.check(load).await {
            Ok(sessions) => eprintln!("chaos: {sessions} sessions, all is well"),
            Err(report) => panic!("{report}"),
        }
        round += 1;
    }
}

#[tokio::test]
async fn a_commit_that_was_told_of_outlives_the_engine_where_a_replica_has_it() {
    let Some(mut stage) = Stage::replicated(2, &[]).await else { return };
    let load = stage.load(4);
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        stage.fail_over();
        for at in 0..2 {
            eventually(
                || "the servers are well again".into(),
                async || {
                    let shown = stage.members[at].bearing(TOKEN).get("/api/v1/cluster").await;
                    (shown.status == 200 && shown.body["lag"].is_number()).then_some(())
                },
            )
            .await;
        }
    }
    stage.check(load).await;
}
