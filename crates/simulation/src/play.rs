//! One world, from its first sign-in to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use evergrant_core::command::{AccountView, Command, Connect, NewPost, PostView, Problem, Reply};
use evergrant_core::grant::Remember;
use evergrant_core::happening::Happening;
use evergrant_core::ids::AccountId;
use evergrant_engine::ports::{Clock as _, HandNetwork, ManualClock, Random as _, SeededRandom};
use evergrant_engine::{Engine, Options, Pace, Ports, Probe};
use evergrant_practice::{Clock, Network, Trouble};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::broken::Broken;
use crate::deeds::{Deed, draw};
use crate::fault::Fault;
use crate::life::Life;
use crate::person::Tab;
use crate::ports::{Line, Screen, Watcher, keychain};
use crate::shared::Shared;
use crate::truth::{CALM, Truth, access_token, shown};
use crate::weather::{one_in, up_to};

/// The people, by their sign-in at the practice network.
const PEOPLE: [&str; 2] = ["ada", "ben"];

/// Where the practice network would listen.
const ORIGIN: &str = "http://127.0.0.1:8459";

/// A step that does not let time pass may be followed by so many like it.
const AT_ONCE: u32 = 2_000;

/// How a world is played.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Decides everything.
    pub seed: u64,
    /// How long it is played, in days; what is left undone then has a few days of calm.
    pub days: u64,
    /// Whether the engine is broken on purpose.
    pub broken: Option<Broken>,
    /// Whether everything that happens is printed.
    pub prints: bool,
}

/// What a world that was played came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    /// Accounts in it.
    pub accounts: usize,
    /// Days that passed.
    pub days: u64,
    /// Steps that were compared.
    pub steps: u64,
    /// Posts that were taken.
    pub posts: usize,
    /// Times the process died.
    pub deaths: u64,
    /// A digest of all that happened: equal for equal seeds.
    pub digest: u64,
}

/// A folder for a world: in memory where there is such a place, because a database that waits for a
/// disk makes years long and shows nothing more. Gone when dropped.
///
/// # Errors
/// Where no folder can be made.
pub fn folder() -> std::io::Result<tempfile::TempDir> {
    let memory = std::path::Path::new("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir())
}

/// Plays a world in a folder of its own.
///
/// # Errors
/// What was seen that must not be.
pub fn play(plan: Plan, folder: &Path) -> Result<World, Box<Fault>> {
    let start = DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default();
    let clock = ManualClock::new(start);
    let issuer = clock.clone();
    let options = evergrant_practice::Options {
        clock: Clock::given(Arc::new(move || issuer.true_now().timestamp())),
        seed: Some(plan.seed),
        ..evergrant_practice::Options::default()
    };
    let fault = |what: String, trace: Vec<String>| {
        Box::new(Fault {
            seed: plan.seed,
            what,
            trace,
        })
    };
    let network = Network::open(&options).map_err(|error| fault(error.to_string(), Vec::new()))?;
    let shared = Arc::new(Shared::new(
        clock,
        SeededRandom::new(plan.seed),
        Arc::new(network),
        folder.join("data"),
        plan.broken,
        plan.prints,
    ));
    let mut player = Player {
        plan,
        truth: Truth::default(),
        next_deed: Duration::ZERO,
        later: BTreeMap::new(),
        number: 0,
        texts: Vec::new(),
        steps: 0,
        deaths: 0,
        phase: Phase::Connecting,
        accounts: Vec::new(),
        open: Vec::new(),
        shared: Arc::clone(&shared),
    };
    match player.play() {
        Ok(()) => Ok(World {
            accounts: PEOPLE.len(),
            days: shared.passed().as_secs() / 86_400,
            steps: player.steps,
            posts: player.number,
            deaths: player.deaths,
            digest: shared.state().trace.digest(),
        }),
        Err(what) => Err(fault(what, shared.state().trace.lines())),
    }
}

/// How far a world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The accounts are connected first.
    Connecting,
    /// Anything happens.
    Living,
    /// Nothing more happens, and what is left has to come to its end.
    Ending(Duration),
    /// It is over.
    Over,
}

struct Player {
    plan: Plan,
    shared: Arc<Shared>,
    truth: Truth,
    next_deed: Duration,
    /// What was decided for later.
    later: BTreeMap<(Duration, u64), Deed>,
    number: usize,
    texts: Vec<String>,
    steps: u64,
    deaths: u64,
    phase: Phase,
    /// What the engine said last.
    accounts: Vec<AccountView>,
    open: Vec<PostView>,
}

/// How a life of the process ends.
enum End {
    Killed,
    Restart,
    Over,
}

/// A process at work.
struct Process {
    engine: Arc<Engine>,
    life: Arc<Life>,
    network: Arc<HandNetwork>,
    keeper: JoinHandle<Result<(), Problem>>,
    stop: Option<oneshot::Sender<()>>,
    asked: Vec<Asked>,
    /// How many transactions were written when it was last asked what it knows.
    compared: Option<u64>,
}

/// A command that is under way.
struct Asked {
    what: What,
    answer: JoinHandle<Result<Reply, Problem>>,
}

enum What {
    Post(String),
    SignIn,
    Other,
}

impl Player {
    fn play(&mut self) -> Result<(), String> {
        loop {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .map_err(|error| error.to_string())?;
            let life = Arc::new(Life::default());
            let watcher = Arc::new(Watcher {
                shared: Arc::clone(&self.shared),
                life: Arc::clone(&life),
                unjournaled: Mutex::default(),
            });
            let ended = runtime.block_on(self.one_life(&life, &watcher));
            // Whatever the process was doing ends here.
            drop(runtime);
            if life.is_over() {
                watcher.lose_intents().map_err(|error| error.to_string())?;
            }
            match ended? {
                End::Over => return self.no_secret_is_in(&self.shared.data),
                End::Killed => self.deaths += 1,
                End::Restart => {}
            }
        }
    }

    async fn one_life(&mut self, life: &Arc<Life>, watcher: &Arc<Watcher>) -> Result<End, String> {
        self.shared.note("the process starts");
        let opening = tokio::spawn(Engine::open(self.options(life, watcher)));
        let mut opening = Box::pin(opening);
        let engine = loop {
            let opened = tokio::select! {
                biased;
                opened = &mut opening => Some(opened),
                () = idle() => None,
            };
            if life.is_over() {
                return Ok(End::Killed);
            }
            match opened {
                Some(Ok(Ok(engine))) => break engine,
                Some(Ok(Err(problem))) => {
                    self.shared.note(&format!("it does not start: {problem}"));
                    self.move_on();
                    self.happens_meanwhile();
                    return Ok(End::Killed);
                }
                Some(Err(panicked)) => return Err(format!("opening panicked: {panicked}")),
                None => self.move_on(),
            }
        };
        let network = Arc::new(HandNetwork::new());
        let (stop, stopped) = oneshot::channel();
        let keeper = {
            let (engine, network) = (Arc::clone(&engine), Arc::clone(&network));
            tokio::spawn(async move {
                let stopped = async {
                    // A player that is gone stops nobody.
                    if stopped.await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                engine.keep_running_on(network.as_ref(), stopped).await
            })
        };
        let mut process = Process {
            engine,
            life: Arc::clone(life),
            network,
            keeper,
            stop: Some(stop),
            asked: Vec::new(),
            compared: None,
        };
        self.connect_all(&mut process);
        let mut at_once = 0;
        let mut before = self.shared.passed();
        loop {
            idle().await;
            if life.is_over() {
                return Ok(End::Killed);
            }
            if process.keeper.is_finished() {
                let ended = (&mut process.keeper).await;
                return Err(format!("the keeper ended by itself: {ended:?}"));
            }
            self.take_answers(&mut process).await?;
            self.compare(&mut process).await?;
            self.plan_sign_ins();
            if let Some(end) = self.goes_on(&mut process).await? {
                return Ok(end);
            }
            if life.is_over() {
                return Ok(End::Killed);
            }
            let passed = self.shared.passed();
            at_once = if passed == before { at_once + 1 } else { 0 };
            before = passed;
            if at_once > AT_ONCE {
                return Err("it spins: time does not pass".to_owned());
            }
        }
    }

    fn options(&self, life: &Arc<Life>, watcher: &Arc<Watcher>) -> Options {
        let shared = &self.shared;
        Options {
            data: shared.data.clone(),
            own_providers: Vec::new(),
            choices: evergrant_engine::Choices::default(),
            pace: Pace {
                check_every: TimeDelta::hours(48),
                look_again: Duration::from_secs(20 * 3_600),
            },
            program: "a simulation".to_owned(),
            patience: Duration::ZERO,
            ports: Ports {
                clock: Arc::new(shared.clock.clone()),
                http: Arc::new(Line {
                    shared: Arc::clone(shared),
                    life: Arc::clone(life),
                }),
                browser: Arc::new(self.tab(life, 0, false)),
                notifier: Arc::new(Screen {
                    shared: Arc::clone(shared),
                    life: Arc::clone(life),
                }),
                random: Arc::new(SeededRandom::new(shared.dice.below(u64::MAX))),
                probe: Arc::clone(watcher) as Arc<dyn Probe>,
            },
            keychain: keychain(shared, life),
        }
    }

    fn tab(&self, life: &Arc<Life>, who: usize, is_willing: bool) -> Tab {
        Tab {
            shared: Arc::clone(&self.shared),
            life: Arc::clone(life),
            user: PEOPLE[who],
            is_willing,
        }
    }

    /// Asks for something, as a client would.
    fn ask(
        &self,
        process: &mut Process,
        what: What,
        command: Command,
        who: usize,
        is_willing: bool,
    ) {
        let engine = Arc::clone(&process.engine);
        let tab = self.tab(&process.life, who, is_willing);
        let answer = tokio::spawn(async move { engine.handle_for(command, &tab).await });
        process.asked.push(Asked { what, answer });
    }

    fn connect_all(&mut self, process: &mut Process) {
        if self.phase != Phase::Connecting {
            return;
        }
        for who in 0..PEOPLE.len() {
            let connect = Command::Connect(Connect {
                provider: "practice".to_owned(),
                vars: [("origin".to_owned(), ORIGIN.to_owned())].into(),
                client: None,
                remember: Remember::Always,
                paste: false,
            });
            self.ask(process, What::SignIn, connect, who, true);
        }
    }

    async fn take_answers(&mut self, process: &mut Process) -> Result<(), String> {
        let mut at = 0;
        while at < process.asked.len() {
            if !process.asked[at].answer.is_finished() {
                at += 1;
                continue;
            }
            let Asked { what, answer } = process.asked.remove(at);
            let answer = answer
                .await
                .map_err(|error| format!("a command panicked: {error}"))?;
            match (what, answer) {
                (What::Post(_), Ok(Reply::Post { post })) => self.truth.took(&post),
                (What::Post(text), Err(problem)) => {
                    self.shared.note(&format!("refused: {problem}"));
                    self.truth.refused(&text);
                }
                (_, Err(problem)) => self.shared.note(&format!("answered: {problem}")),
                (_, Ok(_)) => {}
            }
        }
        Ok(())
    }

    /// Whatever the engine says now agrees with what the service knows.
    async fn compare(&mut self, process: &mut Process) -> Result<(), String> {
        self.steps += 1;
        if !self.shared.state().weather.is_calm() {
            self.is_troubled();
        }
        let commits = self.shared.state().commits;
        // What the engine says stands in its database: without a transaction it says the same.
        if process.compared != Some(commits) {
            self.accounts = accounts(&process.engine).await?;
            self.open = queue(&process.engine, false).await?;
            process.compared = Some(commits);
        }
        if !self
            .truth
            .compare(&self.shared, &self.accounts, &self.open)?
        {
            let whole = queue(&process.engine, true).await?;
            self.truth.compare_whole(&whole)?;
        }
        Ok(())
    }

    fn is_troubled(&self) {
        let passed = self.shared.passed();
        self.shared.state().troubled = passed;
    }

    /// Whoever was asked to sign in does so, sooner or later or not at all.
    fn plan_sign_ins(&mut self) {
        let asked_for = std::mem::take(&mut self.shared.state().asked_for);
        for account in asked_for {
            let Some(who) = self.who(&account).filter(|_| self.phase == Phase::Living) else {
                continue;
            };
            let dice = &self.shared.dice;
            let delay = match dice.below(10) {
                0..5 => up_to(dice, Duration::from_secs(3_600)),
                5..8 => up_to(dice, Duration::from_secs(5 * 86_400)),
                _ => continue,
            };
            self.later(delay, Deed::SignIn(who));
        }
    }

    fn who(&self, account: &str) -> Option<usize> {
        let view = self.accounts.iter().find(|view| view.id.0 == account)?;
        PEOPLE
            .iter()
            .position(|user| view.name.to_lowercase().starts_with(user))
    }

    fn account_of(&self, who: usize) -> Option<AccountId> {
        let is_theirs = |view: &&AccountView| view.name.to_lowercase().starts_with(PEOPLE[who]);
        self.accounts
            .iter()
            .find(is_theirs)
            .map(|view| view.id.clone())
    }

    fn later(&mut self, delay: Duration, deed: Deed) {
        let at = self.shared.passed() + delay;
        let number = u64::try_from(self.later.len()).unwrap_or_default();
        self.later.insert((at, self.steps * 1_000 + number), deed);
    }

    /// Lets time pass up to the next thing that happens, and lets that happen.
    async fn goes_on(&mut self, process: &mut Process) -> Result<Option<End>, String> {
        match self.phase {
            Phase::Connecting => {
                if self.accounts.len() == PEOPLE.len() && process.asked.is_empty() {
                    self.phase = Phase::Living;
                } else if process.asked.is_empty() {
                    return Err("the accounts could not be connected in calm weather".to_owned());
                }
                self.move_on();
                return Ok(None);
            }
            Phase::Ending(until) if self.shared.passed() >= until => {
                self.phase = Phase::Over;
                return self.ends_well(process).await.map(Some);
            }
            Phase::Living | Phase::Ending(_) | Phase::Over => {}
        }
        let now = self.shared.passed();
        if self.phase == Phase::Living && now >= Duration::from_secs(self.plan.days * 86_400) {
            self.phase = Phase::Ending(now + 3 * CALM);
            self.later.clear();
            self.all_is_well(process);
        }
        let Some(deed) = self.due_deed() else {
            self.move_on();
            return Ok(None);
        };
        self.do_deed(process, deed).await
    }

    fn due_deed(&mut self) -> Option<Deed> {
        let now = self.shared.passed();
        if let Some(entry) = self.later.first_entry()
            && entry.key().0 <= now
        {
            return Some(entry.remove());
        }
        if now < self.next_deed {
            return None;
        }
        let dice = &self.shared.dice;
        // Now and then much happens at once.
        let span = match self.phase {
            Phase::Ending(_) => 10 * 3_600,
            _ if one_in(dice, 3) => 120,
            _ => 4 * 86_400,
        };
        self.next_deed = now + Duration::from_secs(1) + up_to(dice, Duration::from_secs(span));
        match self.phase {
            Phase::Living => Some(draw(dice)),
            Phase::Ending(_) => Some(Deed::Visit),
            Phase::Connecting | Phase::Over => None,
        }
    }

    /// Moves the clock to the next thing that happens.
    fn move_on(&mut self) {
        let now = self.shared.clock.now();
        let passed = self.shared.passed();
        let mut step = Duration::from_secs(86_400);
        if let Some(at) = self.shared.clock.next_wait() {
            step = step.min((at - now).to_std().unwrap_or_default());
        }
        let later = self.later.keys().next().map(|(at, _)| *at);
        let end = Duration::from_secs(self.plan.days * 86_400);
        let mut ends = vec![Some(self.next_deed), later];
        match self.phase {
            Phase::Living => ends.push(Some(end)),
            Phase::Ending(until) => ends.push(Some(until)),
            Phase::Connecting | Phase::Over => {}
        }
        for at in ends.into_iter().flatten() {
            if let Some(left) = at.checked_sub(passed).filter(|left| !left.is_zero()) {
                step = step.min(left);
            }
        }
        let step = step.max(Duration::from_millis(1));
        self.shared
            .clock
            .advance(TimeDelta::from_std(step).unwrap_or_default());
    }

    /// While no process runs, the world goes on.
    fn happens_meanwhile(&mut self) {
        while let Some(deed) = self.due_deed() {
            if matches!(deed, Deed::AllIsWell) {
                self.clear();
            }
        }
        if let Phase::Ending(_) = self.phase {
            self.clear();
        }
    }

    async fn do_deed(&mut self, process: &mut Process, deed: Deed) -> Result<Option<End>, String> {
        self.shared.note(&format!("{deed:?}"));
        match deed {
            Deed::StormComes => self.shared.state().weather.is_stormy = true,
            Deed::AllIsWell => self.all_is_well(process),
            Deed::GoOffline => self.shared.state().weather.is_offline = true,
            Deed::ComeBack => {
                self.shared.state().weather.is_offline = false;
                process.network.change();
            }
            Deed::Flap => process.network.change(),
            Deed::Keychain(trouble) => self.shared.state().weather.keychain = Some(trouble),
            Deed::DiskFull => self.shared.state().weather.is_disk_full = true,
            Deed::NoScreen => self.shared.state().weather.has_no_screen = true,
            Deed::Sleep(span) => {
                self.shared
                    .clock
                    .advance(TimeDelta::from_std(span).unwrap_or_default());
                self.is_troubled();
            }
            Deed::SetClock(seconds) => {
                self.shared.clock.jump(TimeDelta::seconds(seconds));
                self.shared.state().weather.is_clock_wrong = true;
            }
            Deed::Service(trouble, who) => {
                self.service(trouble, who);
                // Who has just done that may come here first, before anybody has noticed.
                if let Some(who) = PEOPLE.iter().position(|user| *user == who)
                    && one_in(&self.shared.dice, 2)
                {
                    let delay = up_to(&self.shared.dice, Duration::from_secs(60));
                    self.later(delay, Deed::SignIn(who));
                }
            }
            Deed::Restart => return self.restart(process).await.map(Some),
            Deed::Kill => {
                process.life.end();
                self.is_troubled();
                return Ok(Some(End::Killed));
            }
            Deed::Post => self.post(process),
            Deed::Meddle => self.meddle(process).await?,
            Deed::Look => self.look(process),
            Deed::SignIn(who) => self.sign_in(process, who, false),
            Deed::SignOut(who) => {
                if let Some(account) = self.account_of(who) {
                    let anyway = one_in(&self.shared.dice, 2);
                    let command = Command::SignOut { account, anyway };
                    self.ask(process, What::Other, command, who, false);
                }
            }
            Deed::Visit => self.visit(process).await?,
        }
        self.trouble_passes();
        Ok(None)
    }

    /// Trouble is over some time: soon where it makes much work for nothing new.
    fn trouble_passes(&mut self) {
        let is_coming = self
            .later
            .values()
            .any(|deed| matches!(deed, Deed::AllIsWell));
        if is_coming || self.shared.state().weather.is_calm() {
            return;
        }
        let hours = if one_in(&self.shared.dice, 5) { 48 } else { 5 };
        let delay = up_to(&self.shared.dice, Duration::from_secs(hours * 3_600));
        self.later(delay, Deed::AllIsWell);
    }

    /// Everything that was wrong is right again; what is dead stays dead.
    fn all_is_well(&mut self, process: &Process) {
        self.clear();
        process.network.change();
    }

    fn clear(&self) {
        // Standing trouble ends; a state in memory is always saved.
        let _ = self.shared.network.apply(Trouble::Clear);
        for (who, page) in [("ada", "500100"), ("ben", "500300")] {
            let (person, page) = (who.to_owned(), page.to_owned());
            let _ = self
                .shared
                .network
                .apply(Trouble::GiveRole { person, page });
        }
        let wrong = self.shared.clock.true_now() - self.shared.clock.now();
        if wrong != TimeDelta::zero() {
            self.shared.clock.jump(wrong);
        }
        self.is_troubled();
        self.shared.state().weather = crate::weather::Weather::default();
    }

    fn service(&mut self, trouble: Trouble, who: &str) {
        let stands = who.is_empty();
        let lasts = matches!(
            trouble,
            Trouble::Checkpoint { .. } | Trouble::TakeRole { .. } | Trouble::DropScope { .. }
        );
        // The practice network knows these people and Pages.
        let _ = self.shared.network.apply(trouble);
        if stands || lasts {
            self.shared.state().weather.is_service_troubled = true;
        } else {
            self.is_troubled();
        }
        // From this moment on the token is dead, whether anybody has asked or not.
        let accounts = std::mem::take(&mut self.accounts);
        self.truth.look(&self.shared, &accounts);
        self.accounts = accounts;
    }

    async fn restart(&mut self, process: &mut Process) -> Result<End, String> {
        self.is_troubled();
        if let Some(stop) = process.stop.take() {
            // A keeper that has ended is noticed below.
            let _ = stop.send(());
        }
        // Clients whose command is under way go with the process.
        let ended = (&mut process.keeper).await;
        match ended {
            Ok(Ok(())) => Ok(End::Restart),
            Ok(Err(problem)) => Err(format!("the keeper could not end: {problem}")),
            Err(panicked) => Err(format!("the keeper panicked: {panicked}")),
        }
    }

    fn post(&mut self, process: &mut Process) {
        let dice = &self.shared.dice;
        let who = usize::from(one_in(dice, 3));
        let Some(account) = self.account_of(who) else {
            return;
        };
        let page = match (who, dice.below(2)) {
            (0, 0) => "500100",
            (0, _) => "500200",
            _ => "500300",
        };
        let again = one_in(dice, 25) && !self.texts.is_empty();
        let text = if again {
            let number = dice.below(u64::try_from(self.texts.len()).unwrap_or(1));
            self.texts[usize::try_from(number).unwrap_or_default()].clone()
        } else {
            format!("Number {}.", self.number)
        };
        let due = match dice.below(3) {
            0 => None,
            1 => Some(up_to(dice, Duration::from_secs(600))),
            _ => Some(up_to(dice, Duration::from_secs(20 * 86_400))),
        };
        let now = self.shared.clock.now();
        let late_limit = match dice.below(3) {
            0 => None,
            1 => Some(i64::try_from(dice.below(86_400)).unwrap_or_default()),
            _ => Some(400 * 86_400),
        };
        let new = NewPost {
            account,
            target: Some(page.into()),
            text: text.clone(),
            link: None,
            picture: None,
            due: due.map(|wait| now + TimeDelta::from_std(wait).unwrap_or_default()),
            zone: "Europe/Berlin".to_owned(),
            late_limit,
        };
        self.number += 1;
        self.texts.push(text.clone());
        self.truth.asked(&text);
        self.ask(process, What::Post(text), Command::Post(new), who, false);
    }

    /// Somebody does something with a post that is not out.
    async fn meddle(&mut self, process: &mut Process) -> Result<(), String> {
        let open = queue(&process.engine, false).await?;
        if open.is_empty() {
            return Ok(());
        }
        let dice = &self.shared.dice;
        let number = dice.below(u64::try_from(open.len()).unwrap_or(1));
        let post = open[usize::try_from(number).unwrap_or_default()].id;
        let command = match dice.below(4) {
            0 => Command::Cancel { post },
            1 => {
                let due = self.shared.clock.now()
                    + TimeDelta::from_std(up_to(dice, Duration::from_secs(5 * 86_400)))
                        .unwrap_or_default();
                let zone = "Asia/Tokyo".to_owned();
                Command::Reschedule { post, due, zone }
            }
            _ => Command::SendNow { post },
        };
        self.ask(process, What::Other, command, 0, false);
        Ok(())
    }

    fn look(&mut self, process: &mut Process) {
        let command = match self.shared.dice.below(4) {
            0 => Command::Check { account: None },
            1 => Command::Doctor,
            2 => Command::RunDue,
            _ => Command::Diary {
                account: None,
                post: None,
                limit: 50,
            },
        };
        self.ask(process, What::Other, command, 0, false);
    }

    fn sign_in(&mut self, process: &mut Process, who: usize, is_willing: bool) {
        let Some(account) = self.account_of(who) else {
            return;
        };
        let command = Command::SignIn {
            account,
            remember: None,
            paste: false,
        };
        self.ask(process, What::SignIn, command, who, is_willing);
        if one_in(&self.shared.dice, 3) {
            let check = Command::Check { account: None };
            self.ask(process, What::Other, check, who, false);
        }
    }

    /// The person looks at what needs them, and does it.
    async fn visit(&mut self, process: &mut Process) -> Result<(), String> {
        let is_ending = matches!(self.phase, Phase::Ending(_));
        if is_ending {
            // What is held for a role goes on once somebody has it checked.
            let check = Command::Check { account: None };
            self.ask(process, What::Other, check, 0, true);
        }
        for who in 0..PEOPLE.len() {
            let account = self.account_of(who);
            let view = self
                .accounts
                .iter()
                .find(|view| Some(&view.id) == account.as_ref());
            let needs = view.is_some_and(|view| {
                matches!(view.state.as_str(), "needs_login" | "signed_out")
                    || !view.missing_scopes.is_empty()
            });
            let is_dead = account.is_some_and(|account| self.truth.is_dead(&account.0));
            let under_way = process
                .asked
                .iter()
                .any(|asked| matches!(asked.what, What::SignIn));
            if (needs || (is_ending && is_dead)) && !under_way {
                self.sign_in(process, who, is_ending);
            }
        }
        for post in queue(&process.engine, false).await? {
            if !post.needs_person {
                continue;
            }
            let command = match post.state.as_str() {
                "uncertain" if post.next_look.is_none() && self.looks_alone(&post) => {
                    let posted = self.truth.copies(&post.text) > 0;
                    let post = post.id;
                    Command::Settle { post, posted }
                }
                "missed" | "failed" => Command::SendNow { post: post.id },
                _ => continue,
            };
            self.ask(process, What::Other, command, 0, false);
        }
        Ok(())
    }

    /// With equal texts nobody can tell by looking which of them stands there.
    fn looks_alone(&self, post: &PostView) -> bool {
        self.texts.iter().filter(|text| **text == post.text).count() == 1
    }

    /// After days of calm everything is done, told, or taken back.
    async fn ends_well(&mut self, process: &mut Process) -> Result<End, String> {
        let whole = queue(&process.engine, true).await?;
        self.truth.compare_whole(&whole)?;
        for post in &whole {
            let is_equal = !self.looks_alone(post);
            let done = matches!(post.state.as_str(), "posted" | "cancelled");
            let waits = post.due > self.shared.clock.now();
            if !done && !waits && !is_equal {
                return Err(format!(
                    "at the end, post {} is {}: {}",
                    post.id, post.state, post.sentence
                ));
            }
        }
        for account in &self.accounts {
            // One that has just come to its announced end waits for the person's next look.
            let is_fresh = self.truth.is_freshly_dead(&self.shared, &account.id.0);
            if account.state != "active" && !is_fresh {
                return Err(format!("at the end, {} is {}", account.id, account.state));
            }
            let id = &account.id;
            let ends = ends(&process.engine, id).await?;
            let told = shown(&self.shared, &id.0);
            if told > ends {
                return Err(format!(
                    "{id} ended {ends} times, and the person was told {told} times"
                ));
            }
        }
        Ok(End::Over)
    }

    /// No file of the data folder holds anything the keychain ever held.
    fn no_secret_is_in(&self, folder: &Path) -> Result<(), String> {
        let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
        let state = self.shared.state();
        let tokens: BTreeSet<String> = state.ever.iter().filter_map(access_token).collect();
        for entry in entries.filter_map(Result::ok) {
            let Ok(bytes) = std::fs::read(entry.path()) else {
                continue;
            };
            let text = String::from_utf8_lossy(&bytes);
            if tokens.iter().any(|token| text.contains(token)) {
                return Err(format!("a token stands in {}", entry.path().display()));
            }
        }
        Ok(())
    }
}

/// Waits until everything that can run has run: with a paused clock the runtime moves it only then.
async fn idle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

async fn accounts(engine: &Arc<Engine>) -> Result<Vec<AccountView>, String> {
    match engine.handle(Command::Accounts).await {
        Ok(Reply::Accounts { accounts }) => Ok(accounts),
        other => Err(format!("the accounts cannot be listed: {other:?}")),
    }
}

async fn queue(engine: &Arc<Engine>, all: bool) -> Result<Vec<PostView>, String> {
    match engine.handle(Command::Queue { all }).await {
        Ok(Reply::Queue { posts }) => Ok(posts),
        other => Err(format!("the queue cannot be listed: {other:?}")),
    }
}

async fn ends(engine: &Arc<Engine>, account: &AccountId) -> Result<u64, String> {
    let diary = Command::Diary {
        account: Some(account.clone()),
        post: None,
        limit: 10_000,
    };
    match engine.handle(diary).await {
        Ok(Reply::Diary { diary }) => {
            let is_end = |happening: &Happening| matches!(happening, Happening::Ended { .. });
            let count = diary.iter().filter(|line| is_end(&line.happening)).count();
            u64::try_from(count).map_err(|error| error.to_string())
        }
        other => Err(format!("the diary cannot be read: {other:?}")),
    }
}
