//! Who gets the touches: takes most, is down sometimes, and sometimes takes one without saying so.

use std::collections::BTreeMap;

use guanxi::archive::Delivery;
use guanxi::emit::message::body;
use guanxi::model::Timestamp;

use crate::chance::Chance;

/// One attempt that came through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) at: i64,
    /// How many facts had come in by then.
    pub(crate) facts: usize,
    /// The number of the last run.
    pub(crate) run: usize,
}

pub(crate) enum Answer {
    Taken,
    Failed,
}

pub(crate) struct Receiver {
    seed: u64,
    /// What came, by id.
    bodies: BTreeMap<String, Vec<u8>>,
    /// Every attempt, in order.
    pub(crate) log: Vec<Received>,
    pub(crate) facts: usize,
    pub(crate) run: usize,
}

impl Receiver {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, bodies: BTreeMap::new(), log: Vec::new(), facts: 0, run: 0 }
    }

    /// Takes a touch or fails, the same way when the same attempt is made again after a crash.
    pub(crate) fn take(&mut self, delivery: &Delivery, now: Timestamp) -> Answer {
        let touch = &delivery.touch;
        let mood = Chance::new(self.seed, &format!("{} {}", touch.id, delivery.attempts)).below(20);
        if mood < 2 {
            return Answer::Failed;
        }
        let body = body(touch, delivery.queued).unwrap();
        let before = self.bodies.entry(touch.id.to_string()).or_insert_with(|| body.clone());
        assert_eq!(*before, body, "another body for {}", touch.id);
        self.log.push(Received {
            id: touch.id.to_string(),
            customer: touch.customer.to_string(),
            at: now.0,
            facts: self.facts,
            run: self.run,
        });
        if mood < 4 { Answer::Failed } else { Answer::Taken }
    }
}
