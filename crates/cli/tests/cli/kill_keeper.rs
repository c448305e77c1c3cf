//! `kill -9` of the keeper at random moments, over and over, while the network fails and loses
//! answers: no post is lost, none stands twice, and each is where the person sees it.
//!
//! 200 rounds; `EVERGRANT_KILLS=10000` asks for more, `EVERGRANT_SEED` for other moments.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use evergrant_core::Secret;
use evergrant_core::command::{Command, NewPost, Problem, Reply};
use evergrant_engine::socket::{Client, Person};
use evergrant_practice::{Endpoint, Trouble, Where};

use crate::room::{PATIENCE, Room, Running};

/// Seconds by which the clocks jump from round to round: more than a lost answer needs to settle.
const STEP: u64 = 150;

/// The longest a keeper lives, in microseconds.
const LIFE: u64 = 60_000;

/// What became of an order to post.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    /// The keeper said that it has the post.
    Taken,
    /// It died before it answered.
    Unanswered,
}

/// Nobody is asked anything here.
struct Nobody;

impl Person for Nobody {
    fn page(&mut self, address: &str) {
        panic!("a page was opened: {address}");
    }

    fn pasted(&mut self, _: Option<&str>) -> Option<Secret> {
        None
    }
}

/// A small generator (xorshift), so that a seed tells the moments.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

#[test]
fn killed_at_random_moments_it_loses_nothing_and_sends_nothing_twice() {
    let rounds = number("EVERGRANT_KILLS", 200);
    let seed = number("EVERGRANT_SEED", 0x9e37_79b9_7f4a_7c15).max(1);
    println!("EVERGRANT_KILLS={rounds} EVERGRANT_SEED={seed}");
    let mut dice = Dice(seed);
    let room = Room::new();
    let account = room.connected();
    let mut orders = BTreeMap::new();
    let mut slowest = Duration::ZERO;
    for round in 1..=rounds {
        make_trouble(&room, &mut dice);
        let keeper = room.keeper();
        let mut client = connect(&room, &keeper);
        let begun = Instant::now();
        let _ = client.ask(Command::Accounts, &mut Nobody);
        slowest = slowest.max(begun.elapsed());
        let text = format!("Round {round}.");
        let post = post(&account, &text);
        let asking = std::thread::spawn(move || client.ask(post, &mut Nobody));
        std::thread::sleep(Duration::from_micros(dice.below(LIFE)));
        keeper.kill();
        orders.insert(text, order(asking.join().unwrap()));
        room.jump(round * STEP);
    }
    println!("slowest first answer: {slowest:?}");
    settle(&room, rounds);
    judge(&room, &orders);
}

fn connect(room: &Room, keeper: &Running) -> Client {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        // The socket may still be the one that the last keeper left behind.
        match Client::connect(&room.path("data"), PATIENCE).unwrap() {
            Some(client) if client.welcome().process == keeper.id() => return client,
            _ => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    panic!("the keeper does not answer");
}

fn make_trouble(room: &Room, dice: &mut Dice) {
    let on = || Where::once(Endpoint::Feed);
    match dice.below(5) {
        0 => room.trouble(Trouble::LoseResponse { on: on() }),
        1 => room.trouble(Trouble::Outage {
            status: 503,
            on: on(),
        }),
        2 => room.trouble(Trouble::Slow {
            milliseconds: 20,
            on: on(),
        }),
        _ => {}
    }
}

fn post(account: &str, text: &str) -> Command {
    Command::Post(NewPost {
        account: account.into(),
        target: Some("500100".into()),
        text: text.into(),
        link: None,
        picture: None,
        due: None,
        zone: "UTC".into(),
        late_limit: Some(30 * 86_400),
    })
}

fn order(answer: Result<Reply, Problem>) -> Order {
    match answer {
        Ok(Reply::Post { .. }) => Order::Taken,
        Ok(other) => panic!("another answer: {other:?}"),
        Err(_) => Order::Unanswered,
    }
}

/// The trouble is over, and what is left is worked off.
fn settle(room: &Room, rounds: u64) {
    room.trouble(Trouble::Clear);
    for more in 1..=40 {
        room.jump((rounds + more) * STEP * 4);
        room.ok(&["run", "--until-idle"]);
        if open(room) == 0 {
            return;
        }
    }
}

fn open(room: &Room) -> usize {
    room.json(&["queue"])["posts"].as_array().unwrap().len()
}

fn judge(room: &Room, orders: &BTreeMap<String, Order>) {
    let all = room.json(&["queue", "--all"]);
    let mut states = BTreeMap::new();
    for post in all["posts"].as_array().unwrap() {
        let text = post["text"].as_str().unwrap().to_owned();
        let state = post["state"].as_str().unwrap().to_owned();
        assert_eq!(
            states.insert(text.clone(), state),
            None,
            "twice in the queue: {text}"
        );
    }
    let taken = orders.values().filter(|order| **order == Order::Taken);
    println!(
        "{} orders, {} of them answered, {} in the queue",
        orders.len(),
        taken.count(),
        states.len()
    );
    for (text, order) in orders {
        let copies = room.copies(text);
        match states.get(text).map(String::as_str) {
            Some("posted") => assert_eq!(copies, 1, "{text} {order:?}"),
            None => assert_eq!((copies, order), (0, &Order::Unanswered), "{text}"),
            Some(state) => panic!("{text} {order:?} stands {copies} times and is {state}"),
        }
    }
}
