//! The engine's own tables and how they came to be: numbered steps, taken in one transaction.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::Result;

/// Marks a file as a store of this program: `guax`.
pub(super) const APPLICATION: i64 = 0x6775_6178;

/// One entry a version; a store of version n has had the first n. An entry is never changed once released.
const STEPS: &[&str] = &[
    FIRST,
    PLACE_COUNTS,
    SEEN_BY_RUN,
    TOUCH_LIFE,
    RULE_POLICY,
    ARRIVALS,
    TAKEN,
    GUARDS,
    PERSONS,
    ENROLMENTS,
    HELD_BY_RUN,
    UNSENT_TOUCHES,
    ATTEMPTED,
    TOUCH_TALLY,
    PRUNED,
    OUTBOX_LINES,
    TOUCHES_QUEUED,
    MARKS,
    OUTBOX_NUMBERS,
    OUTBOX_SHARED,
];

const FIRST: &str = "
CREATE TABLE column_type (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
    PRIMARY KEY (table_name, column_name)) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE tally (name TEXT PRIMARY KEY, rows INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE customer (
    id TEXT PRIMARY KEY, known_since INTEGER NOT NULL, arrived INTEGER NOT NULL,
    changed INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO tally VALUES ('customer', 0);
CREATE TABLE imported_file (
    number INTEGER PRIMARY KEY, source TEXT NOT NULL, hash TEXT NOT NULL, rows INTEGER NOT NULL,
    at INTEGER NOT NULL);
CREATE INDEX imported_file_source ON imported_file (source, hash);

CREATE TABLE standing (customer TEXT PRIMARY KEY, as_of INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE standing_since (customer TEXT PRIMARY KEY, _seen INTEGER) WITHOUT ROWID;
CREATE TABLE standing_previous (customer TEXT PRIMARY KEY) WITHOUT ROWID;
-- place: 0 or 1 for a segment, a name for a tier or quadrant
CREATE TABLE pending (
    customer TEXT NOT NULL, value TEXT NOT NULL, place, since INTEGER NOT NULL,
    PRIMARY KEY (customer, value)) WITHOUT ROWID;
CREATE TABLE transition (
    number INTEGER PRIMARY KEY, customer TEXT NOT NULL, value TEXT NOT NULL, \"from\" TEXT, \"to\" TEXT,
    cause TEXT NOT NULL, at INTEGER NOT NULL, run INTEGER NOT NULL);
CREATE INDEX transition_customer ON transition (customer);
CREATE TABLE trigger_memory (
    customer TEXT NOT NULL, trigger TEXT NOT NULL, truth INTEGER NOT NULL, rises INTEGER NOT NULL,
    fired INTEGER, held INTEGER NOT NULL,
    PRIMARY KEY (customer, trigger)) WITHOUT ROWID;
CREATE TABLE cut_point (
    value TEXT NOT NULL, part TEXT NOT NULL, version TEXT NOT NULL, as_of INTEGER NOT NULL,
    population INTEGER NOT NULL, kind TEXT NOT NULL, figure REAL, customer TEXT, ranked BLOB,
    PRIMARY KEY (value, part)) WITHOUT ROWID;
CREATE TABLE rule (
    name TEXT PRIMARY KEY, version TEXT NOT NULL, first_seen INTEGER NOT NULL,
    last_run INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE run (
    id INTEGER PRIMARY KEY, now INTEGER NOT NULL, started INTEGER NOT NULL, finished INTEGER NOT NULL,
    schedule TEXT NOT NULL, policy_version TEXT NOT NULL, outcome TEXT NOT NULL, error TEXT,
    customers INTEGER NOT NULL, transitions INTEGER NOT NULL, touches INTEGER NOT NULL,
    cancelled INTEGER NOT NULL);
CREATE TABLE policy_set (
    number INTEGER PRIMARY KEY, version TEXT NOT NULL UNIQUE, files TEXT NOT NULL, at INTEGER NOT NULL);

CREATE TABLE touch (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer TEXT NOT NULL, action TEXT NOT NULL,
    channel TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, because TEXT NOT NULL,
    occurrence TEXT NOT NULL, due INTEGER NOT NULL, expires INTEGER NOT NULL, priority REAL NOT NULL,
    state TEXT NOT NULL, state_at INTEGER NOT NULL, reason TEXT NOT NULL, policy_version TEXT NOT NULL,
    payload TEXT NOT NULL, run INTEGER NOT NULL);
CREATE INDEX touch_customer ON touch (customer);
CREATE INDEX touch_state ON touch (action, state);
CREATE TABLE outbox (
    touch TEXT PRIMARY KEY, channel TEXT NOT NULL, queued INTEGER NOT NULL, attempts INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL, error TEXT) WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (channel, next_attempt);
CREATE INDEX outbox_again ON outbox (channel, next_attempt) WHERE attempts > 0;
CREATE TABLE file_write (
    id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, path TEXT NOT NULL,
    \"offset\" INTEGER NOT NULL, content BLOB NOT NULL, at INTEGER NOT NULL);
CREATE TABLE file_write_touch (
    write INTEGER NOT NULL, number INTEGER NOT NULL, touch TEXT NOT NULL,
    PRIMARY KEY (write, number)) WITHOUT ROWID;
CREATE TABLE written_file (path TEXT PRIMARY KEY, length INTEGER NOT NULL) WITHOUT ROWID;
";

/// How many customers the last run left where, so that looking needs no count of all.
const PLACE_COUNTS: &str = "
CREATE TABLE place_count (
    value TEXT NOT NULL, place NOT NULL, customers INTEGER NOT NULL,
    PRIMARY KEY (value, place)) WITHOUT ROWID;
";

/// First sight goes by run instead of by instant, since several runs may decide for one instant.
const SEEN_BY_RUN: &str = "
ALTER TABLE rule ADD COLUMN run INTEGER NOT NULL DEFAULT 0;
UPDATE rule SET run = (SELECT coalesce(max(id), 0) FROM run);
UPDATE standing_since SET _seen = (SELECT coalesce(max(id), 0) FROM run) WHERE _seen IS NOT NULL;
";

/// Touches wait for guards before they are queued, and are queued in a run of their own.
const TOUCH_LIFE: &str = "
ALTER TABLE touch ADD COLUMN made INTEGER NOT NULL DEFAULT 0;
ALTER TABLE touch ADD COLUMN queued INTEGER;
ALTER TABLE touch ADD COLUMN effort REAL NOT NULL DEFAULT 1;
ALTER TABLE touch ADD COLUMN event TEXT;
UPDATE touch SET made = coalesce((SELECT started FROM run WHERE run.id = touch.run), state_at);
UPDATE touch SET queued = made;
CREATE INDEX touch_waiting ON touch (customer, number) WHERE state = 'waiting';
";

/// Tables of the policy know the set they last ran under, so that an edit can be told from news.
const RULE_POLICY: &str = "
ALTER TABLE rule ADD COLUMN policy_version TEXT NOT NULL DEFAULT '';
UPDATE rule SET policy_version = coalesce((SELECT policy_version FROM run WHERE run.id = rule.run), '');
";

/// New events that a trigger or cadence waits for, and what watched fields were before they changed.
const ARRIVALS: &str = "
CREATE TABLE arrival (
    event TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, customer TEXT NOT NULL,
    at INTEGER NOT NULL, PRIMARY KEY (event, number)) WITHOUT ROWID;
CREATE INDEX arrival_at ON arrival (event, at, id);
CREATE TABLE field_change (
    customer TEXT NOT NULL, field TEXT NOT NULL, before, PRIMARY KEY (customer, field)) WITHOUT ROWID;
";

/// How far the tables that take events and transitions have come, and which events await an answer.
const TAKEN: &str = "
CREATE TABLE taken (
    rule TEXT PRIMARY KEY, arrival INTEGER NOT NULL, transition INTEGER NOT NULL,
    at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE awaited (
    trigger TEXT NOT NULL, event TEXT NOT NULL, due INTEGER NOT NULL, id TEXT NOT NULL,
    customer TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (trigger, event, due, id)) WITHOUT ROWID;
CREATE INDEX awaited_customer ON awaited (customer);
";

/// What guards said of a touch, the places of capacities that are taken, and runs that wait for approval.
const GUARDS: &str = "
ALTER TABLE touch ADD COLUMN guard TEXT;
ALTER TABLE touch ADD COLUMN hold TEXT;
ALTER TABLE touch ADD COLUMN verdicts TEXT NOT NULL DEFAULT '[]';
CREATE INDEX touch_held ON touch (run) WHERE hold IS NOT NULL;
ALTER TABLE run ADD COLUMN approval TEXT;
-- one row a touch, so that one cancelled before it left gives its place back; units are millionths of a place
CREATE TABLE capacity_use (
    guard TEXT NOT NULL, day INTEGER NOT NULL, key TEXT NOT NULL, touch INTEGER NOT NULL,
    units INTEGER NOT NULL, entitled INTEGER,
    PRIMARY KEY (guard, day, key, touch)) WITHOUT ROWID;
CREATE TABLE blast_count (
    guard TEXT NOT NULL, run INTEGER NOT NULL, at INTEGER NOT NULL, touches INTEGER NOT NULL,
    PRIMARY KEY (guard, run)) WITHOUT ROWID;
";

/// Customers that were joined or forgotten, and a line for each time that was done.
const PERSONS: &str = "
CREATE TABLE alias (id TEXT PRIMARY KEY, customer TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX alias_customer ON alias (customer);
-- trace: HMAC-SHA256 of the id; the key is in meta
CREATE TABLE forgotten (trace BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE audit (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL);
";

/// Who is enrolled in which cadence, and touches whose step may be due once more.
const ENROLMENTS: &str = "
-- identity: the id that touches go by, where it is not the customer's
CREATE TABLE enrolment (
    customer TEXT NOT NULL, cadence TEXT NOT NULL, number INTEGER NOT NULL,
    identity TEXT NOT NULL DEFAULT '', next INTEGER, ended INTEGER, base INTEGER NOT NULL,
    \"offset\" INTEGER NOT NULL, distance INTEGER NOT NULL, started INTEGER NOT NULL, event TEXT,
    reason TEXT, PRIMARY KEY (customer, cadence, number, identity)) WITHOUT ROWID;
ALTER TABLE touch ADD COLUMN taken_back INTEGER NOT NULL DEFAULT 0;
";

/// A touch is held by the run whose approval it waits for, which need not be the one that made it.
const HELD_BY_RUN: &str = "
UPDATE touch SET hold = run WHERE hold IS NOT NULL;
DROP INDEX touch_held;
CREATE INDEX touch_held ON touch (hold) WHERE hold IS NOT NULL;
";

/// Touches not sent yet, for cadences to look at beside those enrolled.
const UNSENT_TOUCHES: &str = "
CREATE INDEX touch_unsent ON touch (customer, kind, name) WHERE state IN ('queued', 'waiting');
";

/// A touch that was attempted may have arrived, whatever became of it.
const ATTEMPTED: &str = "
ALTER TABLE touch ADD COLUMN attempted INTEGER NOT NULL DEFAULT 0;
UPDATE touch SET attempted = 1 WHERE id IN (SELECT touch FROM outbox WHERE attempts > 0);
";

/// How often touches came to each state, so that counting them needs no look at all of them.
const TOUCH_TALLY: &str = "
-- guard: who dropped them, where the state is suppressed
CREATE TABLE touch_tally (
    action TEXT NOT NULL, state TEXT NOT NULL, guard TEXT NOT NULL, touches INTEGER NOT NULL,
    PRIMARY KEY (action, state, guard)) WITHOUT ROWID;
CREATE TRIGGER touch_made AFTER INSERT ON touch BEGIN
    INSERT INTO touch_tally
    VALUES (new.action, new.state, iif(new.state = 'suppressed', coalesce(new.guard, ''), ''), 1)
    ON CONFLICT DO UPDATE SET touches = touches + 1;
END;
-- Deliveries come in thousands: who notes them counts them, many at once.
CREATE TRIGGER touch_moved AFTER UPDATE OF state ON touch
WHEN new.state <> old.state AND new.state <> 'delivered' BEGIN
    INSERT INTO touch_tally
    VALUES (new.action, new.state, iif(new.state = 'suppressed', coalesce(new.guard, ''), ''), 1)
    ON CONFLICT DO UPDATE SET touches = touches + 1;
END;
";

/// What ended touches said is taken away once it is old; the index finds them.
const PRUNED: &str = "
ALTER TABLE touch ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
CREATE INDEX touch_ended ON touch (state_at)
    WHERE pruned = 0 AND state NOT IN ('queued', 'waiting');
";

/// A customer's queued touches stand in line, by channel, in order of due time and then id. The first of a line is the
/// one that may be attempted; who joins and who leaves keeps that so, whoever it is that writes.
const OUTBOX_LINES: &str = "
ALTER TABLE outbox ADD COLUMN customer TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN due INTEGER NOT NULL DEFAULT 0;
-- first: its first attempt is to come; again: another is; leaving: one has begun; behind: another goes before it
ALTER TABLE outbox ADD COLUMN turn TEXT NOT NULL DEFAULT 'first';
UPDATE outbox SET customer = touch.customer, due = touch.due FROM touch WHERE touch.id = outbox.touch;
DROP INDEX outbox_due;
DROP INDEX outbox_again;
-- queued, to count what waits without looking beyond the index
CREATE INDEX outbox_line ON outbox (channel, customer, due, touch, queued);
UPDATE outbox SET turn = CASE
    WHEN EXISTS (SELECT 1 FROM outbox AS before WHERE before.channel = outbox.channel
        AND before.customer = outbox.customer AND (before.due, before.touch) < (outbox.due, outbox.touch))
    THEN 'behind' WHEN attempts > 0 THEN 'again' ELSE 'first' END;
CREATE INDEX outbox_due ON outbox (channel, turn, next_attempt, due);
CREATE TRIGGER outbox_joins AFTER INSERT ON outbox
WHEN EXISTS (SELECT 1 FROM outbox
    WHERE channel = new.channel AND customer = new.customer AND touch <> new.touch)
BEGIN
    UPDATE outbox SET turn = 'behind' WHERE touch = new.touch AND touch <> (
        SELECT touch FROM outbox WHERE channel = new.channel AND customer = new.customer
        ORDER BY due, touch LIMIT 1);
    UPDATE outbox SET turn = 'behind' WHERE turn IN ('first', 'again') AND touch = (
        SELECT touch FROM outbox WHERE channel = new.channel AND customer = new.customer
        ORDER BY due, touch LIMIT 1 OFFSET 1);
END;
CREATE TRIGGER outbox_leaves AFTER DELETE ON outbox
WHEN EXISTS (SELECT 1 FROM outbox WHERE channel = old.channel AND customer = old.customer)
BEGIN
    UPDATE outbox SET turn = iif(attempts > 0, 'again', 'first') WHERE turn = 'behind' AND touch = (
        SELECT touch FROM outbox WHERE channel = old.channel AND customer = old.customer
        ORDER BY due, touch LIMIT 1);
END;
-- An attempt had begun and nobody knows its end: it may have arrived.
CREATE TRIGGER outbox_leaves_unknown AFTER DELETE ON outbox
WHEN old.turn = 'leaving' AND EXISTS (SELECT 1 FROM touch WHERE id = old.touch AND state <> 'delivered')
BEGIN
    UPDATE touch SET attempted = 1 WHERE id = old.touch;
END;
CREATE TRIGGER outbox_merges AFTER UPDATE OF customer ON outbox BEGIN
    UPDATE outbox SET turn = 'behind'
    WHERE channel = new.channel AND customer = new.customer AND turn <> 'leaving';
    UPDATE outbox SET turn = iif(attempts > 0, 'again', 'first') WHERE turn = 'behind' AND touch = (
        SELECT touch FROM outbox WHERE channel = new.channel AND customer = new.customer
        ORDER BY due, touch LIMIT 1);
END;
";

/// What was queued for a customer lately is found without reading all there ever was.
const TOUCHES_QUEUED: &str = "
DROP INDEX touch_customer;
CREATE INDEX touch_customer ON touch (customer, queued);
";

/// For whom the conditions of triggers hold stands beside what every run reads.
const MARKS: &str = "
CREATE TABLE trigger_number (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO trigger_number (name) SELECT DISTINCT trigger FROM trigger_memory;
ALTER TABLE standing_since ADD COLUMN _marks TEXT;
UPDATE standing_since SET _marks = marked.marks FROM (
    SELECT customer, group_concat(number || iif(held, 'h', ''), ' ') AS marks
    FROM trigger_memory JOIN trigger_number ON trigger_number.name = trigger_memory.trigger
    WHERE truth GROUP BY customer) AS marked
WHERE marked.customer = standing_since.customer;
";

/// The outbox goes by the numbers of its touches, which are found and compared at a fraction of what their ids cost. A
/// delivery changes no index that it need not: how many touches are in which state is counted, and only where they are
/// neither queued nor delivered can they be found by it, and an event of kind `touch` is found by its customer and time.
const OUTBOX_NUMBERS: &str = "
DROP INDEX IF EXISTS by_id_touch;
CREATE TABLE touch_count (
    action TEXT NOT NULL, state TEXT NOT NULL, touches INTEGER NOT NULL,
    PRIMARY KEY (action, state)) WITHOUT ROWID;
INSERT INTO touch_count SELECT action, state, count(*) FROM touch GROUP BY action, state;
DROP INDEX touch_state;
CREATE INDEX touch_state ON touch (action, state) WHERE state NOT IN ('queued', 'delivered');
DROP TRIGGER touch_made;
CREATE TRIGGER touch_made AFTER INSERT ON touch BEGIN
    INSERT INTO touch_tally
    VALUES (new.action, new.state, iif(new.state = 'suppressed', coalesce(new.guard, ''), ''), 1)
    ON CONFLICT DO UPDATE SET touches = touches + 1;
    INSERT INTO touch_count VALUES (new.action, new.state, 1)
    ON CONFLICT DO UPDATE SET touches = touches + 1;
END;
DROP TRIGGER touch_moved;
-- Deliveries come in thousands: who notes them counts them, many at once.
CREATE TRIGGER touch_moved AFTER UPDATE OF state ON touch
WHEN new.state <> old.state AND new.state <> 'delivered' BEGIN
    INSERT INTO touch_tally
    VALUES (new.action, new.state, iif(new.state = 'suppressed', coalesce(new.guard, ''), ''), 1)
    ON CONFLICT DO UPDATE SET touches = touches + 1;
    UPDATE touch_count SET touches = touches - 1 WHERE action = old.action AND state = old.state;
    INSERT INTO touch_count VALUES (new.action, new.state, 1)
    ON CONFLICT DO UPDATE SET touches = touches + 1;
END;
CREATE TRIGGER touch_erased AFTER DELETE ON touch BEGIN
    UPDATE touch_count SET touches = touches - 1 WHERE action = old.action AND state = old.state;
END;
-- number: the touch's
CREATE TABLE outbox_by_number (
    number INTEGER PRIMARY KEY, touch TEXT NOT NULL, channel TEXT NOT NULL, customer TEXT NOT NULL,
    due INTEGER NOT NULL, queued INTEGER NOT NULL, attempts INTEGER NOT NULL, next_attempt INTEGER NOT NULL,
    turn TEXT NOT NULL DEFAULT 'first', error TEXT);
INSERT INTO outbox_by_number
SELECT number, touch, outbox.channel, outbox.customer, outbox.due, outbox.queued, attempts, next_attempt, turn, error
FROM outbox JOIN touch ON touch.id = outbox.touch;
DROP TABLE outbox;
ALTER TABLE outbox_by_number RENAME TO outbox;
CREATE INDEX outbox_line ON outbox (channel, customer, due, touch, queued);
CREATE INDEX outbox_due ON outbox (channel, turn, next_attempt, due, touch);
CREATE TRIGGER outbox_joins AFTER INSERT ON outbox
WHEN EXISTS (SELECT 1 FROM outbox
    WHERE channel = new.channel AND customer = new.customer AND touch <> new.touch)
BEGIN
    UPDATE outbox SET turn = 'behind' WHERE number = new.number AND number <> (
        SELECT number FROM outbox WHERE channel = new.channel AND customer = new.customer
        ORDER BY due, touch LIMIT 1);
    UPDATE outbox SET turn = 'behind' WHERE turn IN ('first', 'again') AND number = (
        SELECT number FROM outbox WHERE channel = new.channel AND customer = new.customer
        ORDER BY due, touch LIMIT 1 OFFSET 1);
END;
CREATE TRIGGER outbox_leaves AFTER DELETE ON outbox
WHEN EXISTS (SELECT 1 FROM outbox WHERE channel = old.channel AND customer = old.customer)
BEGIN
    UPDATE outbox SET turn = iif(attempts > 0, 'again', 'first') WHERE turn = 'behind' AND number = (
        SELECT number FROM outbox WHERE channel = old.channel AND customer = old.customer
        ORDER BY due, touch LIMIT 1);
END;
-- An attempt had begun and nobody knows its end: it may have arrived.
CREATE TRIGGER outbox_leaves_unknown AFTER DELETE ON outbox
WHEN old.turn = 'leaving'
    AND EXISTS (SELECT 1 FROM touch WHERE number = old.number AND state <> 'delivered')
BEGIN
    UPDATE touch SET attempted = 1 WHERE number = old.number;
END;
CREATE TRIGGER outbox_merges AFTER UPDATE OF customer ON outbox BEGIN
    UPDATE outbox SET turn = 'behind'
    WHERE channel = new.channel AND customer = new.customer AND turn <> 'leaving';
    UPDATE outbox SET turn = iif(attempts > 0, 'again', 'first') WHERE turn = 'behind' AND number = (
        SELECT number FROM outbox WHERE channel = new.channel AND customer = new.customer
        ORDER BY due, touch LIMIT 1);
END;
";

/// Most customers have one touch queued on a channel. Only where there are more is there a line to keep; and what is
/// under way stands in no index, as nobody looks for it but who starts a channel.
const OUTBOX_SHARED: &str = "
-- shared: another touch of the customer stands, or stood, in the outbox beside it on the channel
ALTER TABLE outbox ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET shared = 1 WHERE (channel, customer) IN (
    SELECT channel, customer FROM outbox GROUP BY channel, customer HAVING count(*) > 1);
DROP INDEX outbox_line;
CREATE INDEX outbox_line ON outbox (channel, customer, due, touch) WHERE shared = 1;
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (channel, turn, next_attempt, due, touch) WHERE turn <> 'leaving';
-- Who stands alone is found by the touches of the customer.
DROP TRIGGER outbox_joins;
CREATE TRIGGER outbox_joins AFTER INSERT ON outbox
WHEN EXISTS (SELECT 1 FROM outbox WHERE shared = 1 AND channel = new.channel AND customer = new.customer)
    OR EXISTS (SELECT 1 FROM touch INDEXED BY touch_unsent CROSS JOIN outbox USING (number)
        WHERE touch.customer = new.customer AND touch.state IN ('queued', 'waiting')
        AND outbox.channel = new.channel AND outbox.number <> new.number)
BEGIN
    UPDATE outbox SET shared = 1 WHERE shared = 0 AND channel = new.channel AND number IN (
        SELECT number FROM touch INDEXED BY touch_unsent
        WHERE customer = new.customer AND state IN ('queued', 'waiting'))
    AND NOT EXISTS (
        SELECT 1 FROM outbox WHERE shared = 1 AND channel = new.channel AND customer = new.customer);
    UPDATE outbox SET shared = 1 WHERE number = new.number;
    UPDATE outbox SET turn = 'behind' WHERE number = new.number AND number <> (
        SELECT number FROM outbox WHERE shared = 1 AND channel = new.channel AND customer = new.customer
        ORDER BY due, touch LIMIT 1);
    UPDATE outbox SET turn = 'behind' WHERE turn IN ('first', 'again') AND number = (
        SELECT number FROM outbox WHERE shared = 1 AND channel = new.channel AND customer = new.customer
        ORDER BY due, touch LIMIT 1 OFFSET 1);
END;
DROP TRIGGER outbox_leaves;
CREATE TRIGGER outbox_leaves AFTER DELETE ON outbox WHEN old.shared = 1 BEGIN
    UPDATE outbox SET turn = iif(attempts > 0, 'again', 'first') WHERE turn = 'behind' AND number = (
        SELECT number FROM outbox WHERE shared = 1 AND channel = old.channel AND customer = old.customer
        ORDER BY due, touch LIMIT 1);
END;
-- Who joins customers lines their touches up.
DROP TRIGGER outbox_merges;
-- Counts without ON CONFLICT: a statement over many touches would keep a journal of its own for it.
DROP TRIGGER touch_moved;
CREATE TRIGGER touch_moved AFTER UPDATE OF state ON touch
WHEN new.state <> old.state AND new.state <> 'delivered' BEGIN
    INSERT INTO touch_tally
    SELECT new.action, new.state, iif(new.state = 'suppressed', coalesce(new.guard, ''), ''), 0
    WHERE NOT EXISTS (SELECT 1 FROM touch_tally WHERE action = new.action AND state = new.state
        AND guard = iif(new.state = 'suppressed', coalesce(new.guard, ''), ''));
    UPDATE touch_tally SET touches = touches + 1 WHERE action = new.action AND state = new.state
        AND guard = iif(new.state = 'suppressed', coalesce(new.guard, ''), '');
    UPDATE touch_count SET touches = touches - 1 WHERE action = old.action AND state = old.state;
    INSERT INTO touch_count SELECT new.action, new.state, 0
    WHERE NOT EXISTS (SELECT 1 FROM touch_count WHERE action = new.action AND state = new.state);
    UPDATE touch_count SET touches = touches + 1 WHERE action = new.action AND state = new.state;
END;
";

/// The version this program makes.
pub(super) fn newest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// What a file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing is in it.
    Empty,
    /// A store of this version.
    Version(i64),
    /// Something else.
    Foreign,
}

/// Reads what a file says of itself without changing it.
pub(super) fn inspect(connection: &Connection) -> Result<Found> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let read = pragma("application_id").and_then(|application| {
        let version = pragma("user_version")?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((application, version, tables))
    });
    match read {
        Ok((APPLICATION, version, _)) => Ok(Found::Version(version)),
        Ok((0, 0, 0)) => Ok(Found::Empty),
        Ok(_) => Ok(Found::Foreign),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            Ok(Found::Foreign)
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes the steps a store of some version still lacks.
pub(super) fn migrate(connection: &Connection, version: i64) -> Result<()> {
    migrate_to(connection, version, newest())
}

/// Takes the steps from one version to another.
pub(super) fn migrate_to(connection: &Connection, version: i64, to: i64) -> Result<()> {
    let count = |version: i64| usize::try_from(version).unwrap_or(usize::MAX);
    if version >= to {
        return Ok(());
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Exclusive)?;
    for step in STEPS.iter().take(count(to)).skip(count(version)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", to)?;
    transaction.commit()?;
    Ok(())
}
