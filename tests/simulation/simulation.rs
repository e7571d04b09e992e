//! The course of a simulated world, hour by hour.

use crate::world::HOUR;
use guanxi::model::Timestamp;

use crate::chance::Chance;
use crate::policies::Figures;
use crate::program::Program;
use crate::receiver::Receiver;
use crate::world::{Fact, World, beginning};

pub(crate) struct Simulation {
    pub(crate) program: Program,
    pub(crate) receiver: Receiver,
    /// Every fact in the order in which they came in.
    pub(crate) facts: Vec<Fact>,
    /// Every run, in order.
    pub(crate) runs: Vec<Run>,
    world: World,
    figures: Figures,
    edits: Chance,
    jumps: Chance,
    approvals: Chance,
}

/// A run as the simulation asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: i64,
    /// The instant it decided for.
    pub(crate) now: i64,
    /// The real clock.
    pub(crate) started: i64,
    /// How many facts had come in.
    pub(crate) facts: usize,
    /// The figures of the policies in force.
    pub(crate) figures: Figures,
    /// For whom a call waits because all places of the day are taken or kept.
    pub(crate) crowded: Vec<String>,
}

impl Simulation {
    pub(crate) fn new(seed: u64, customers: u64, crashes: bool) -> Self {
        let figures = Figures::first();
        let crashes = crashes.then(|| Chance::new(seed, "crashes"));
        let program = Program::new(&figures.text(), beginning(), crashes);
        let mut simulation = Self {
            program,
            receiver: Receiver::new(seed),
            facts: Vec::new(),
            runs: Vec::new(),
            world: World::new(seed, customers),
            figures,
            edits: Chance::new(seed, "edits"),
            jumps: Chance::new(seed, "jumps"),
            approvals: Chance::new(seed, "approvals"),
        };
        let facts = simulation.world.beginning(beginning().0);
        simulation.take_in(facts);
        simulation
    }

    pub(crate) fn live(&mut self, days: u64) {
        for _ in 0..days * 24 {
            self.pass_time();
            self.hour();
        }
    }

    /// An hour goes by, or the clock jumps.
    fn pass_time(&mut self) {
        let hours = match self.jumps.below(24 * 60) {
            0 => 24 * (1 + self.jumps.upto(3)),
            1..=3 => -1,
            _ => 1,
        };
        // The odd millisecond tells runs apart whose clock shows the same time.
        self.program.set_clock(self.program.now().plus(hours * HOUR + 1));
    }

    fn hour(&mut self) {
        let now = self.program.now();
        if self.edits.one_in(24 * 4) {
            self.edit();
        }
        let facts = self.world.hour(now.0);
        self.take_in(facts);
        self.run(now);
        self.approve();
        if let Some(fact) = self.world.last_word() {
            self.take_in(vec![fact]);
        }
        self.program.deliver(&mut self.receiver);
    }

    /// Some hours after a run made unusually many touches, somebody says what becomes of them.
    fn approve(&mut self) {
        for run in self.program.texts("SELECT id FROM run WHERE approval = 'waiting'") {
            if self.approvals.one_in(8) {
                self.program.say(run.parse().unwrap(), !self.approvals.one_in(3));
            }
        }
    }

    fn edit(&mut self) {
        let mut figures = self.figures.clone();
        figures.edit(&self.edits);
        let text = figures.text();
        if self.edits.one_in(8) {
            // Someone saved in the middle of a word; a while later it is mended.
            assert!(!self.program.edit(&text.replace("[trigger.overdue_edited]", "[trigger.overdue_edi")));
        } else {
            assert!(self.program.edit(&text), "an edit doesn't load:\n{text}");
            self.figures = figures;
        }
    }

    fn take_in(&mut self, facts: Vec<Fact>) {
        self.program.take_in(&facts);
        self.world.came(&facts);
        self.facts.extend(facts);
        self.receiver.facts = self.facts.len();
    }

    fn run(&mut self, now: Timestamp) {
        self.program.run(now);
        self.receiver.run = self.runs.len();
        let before = self.runs.last().map_or(now.0, |run| run.now);
        self.runs.push(Run {
            id: 1 + i64::try_from(self.runs.len()).unwrap(),
            now: now.0.max(before),
            started: now.0,
            facts: self.facts.len(),
            figures: self.figures.clone(),
            crowded: self
                .program
                .texts("SELECT customer FROM touch WHERE state = 'waiting' AND guard = 'people'"),
        });
    }
}
