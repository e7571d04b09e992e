//! Sections of the reference on what happens in time: cut points, touches and guards, edits, persons, tests.

/// Figures of the population.
pub(super) const CUT_POINTS: &str = "## Cut points

`rank`, `top`, `holds`, `best` and a `split` that is no number need a figure of the population: of the customers who have the value and are in `among`. \
It is made in the first run that needs it, when it or anything it uses was edited, and when it is older than `settings.refresh`; between, the stored one serves. \
`top = \"20%\"` is the value of the ⌈0.2·N⌉-th from the top, and all at or above it are in; `holds = \"95%\"` the highest value such that those at or above it hold at least \
that share of the sum of the positive values; the median of an even number is the mean of the middle two; `rank` is (how many are lower + half of (how many are equal, itself \
included, + 1)) / N.
";

/// The life of a touch and the guards.
pub(super) const TOUCHES: &str = "## Touches and guards

A touch is one action for one customer for one reason: the n-th time a `when` became true, an event, a move, a step of a cycle. The same reason never makes \
another, whatever is edited or run again. Its states:

| state | means |
|---|---|
| `waiting` | made; a guard holds it, and the next run asks again |
| `queued` | all guards let it pass; payload and `because` are what they were then |
| `delivered` | the receiver took it, or it stands in the file; the customer has an event `touch` with `touch`, `action`, `channel`, `kind`, `name`, `step` and `cause` |
| `suppressed` | a guard dropped it, or the step's `when` failed |
| `expired` | not sent within `expires` of the action; the reason says what it waited for |
| `missed` | a step found later than the `grace` of its cadence |
| `cancelled` | its reason went away before it was sent, its table was removed or disabled, or its run was rejected |
| `dead` | the last attempt to send it failed |

At its end each run asks the guards about all touches that wait, old and new, one at a time: highest `priority` first, then `first` of the capacity, then due time, then id. \
They are asked in this order, by name among the same kind, and the first that does not let the touch pass decides:

1. `block`: its condition. A condition that is missing holds the touch.
2. `holdout`: whether the customer is in the control group.
3. `blast_radius`: whether too many touches passed block and holdout within 24 hours. Each counts once, in the run in which it first passes them: \
what a block let wait counts when it is let through. Where they are too many, those of the run wait for `guanxi runs approve RUN`, or are \
cancelled for good by `guanxi runs reject RUN`. Later runs go on.
4. `hours`: whether it is open now.
5. `cap`: how many touches of the customer were queued within the span.
6. `capacity`: whether a place is left.

Only a touch that passes all of them counts for caps and capacities. Just before each attempt to send, `block`, `hours` and `expires` are asked again. \
What guards said stays with the touch: `guanxi touches --json`.
";

/// What time means.
pub(super) const TIME: &str = "## Time

- `s m h d w` are exact: a day is 24 hours, also where the clocks change. `mo` and `y` follow the calendar of the zone and keep the local time of day; \
what has no such day falls on the month's last (a month after the 31st of January is the 28th of February, or the 29th).
- A local time that daylight saving skips is the moment after the gap; of one that comes twice the first counts.
- A run decides for its scheduled time, also where it comes late, over what had happened by then. `grace`, `expires`, guards and sending go by the real time.
- No run decides for an earlier time than the one before. Was the clock set back, runs decide for the last run's time until the clock is there, and say so; events \
that come in meanwhile are news all the same. A schedule whose last fire lies more than a day ahead goes by the clock again.
- An event counts from when it happened, however late it comes in. For triggers on events one older than the `grace` is noted; one dated \
in the future waits until then.
- What is true of a customer when first seen, history and all, is noted and fires nothing, but for `backlog = \"fire\"`. Events and moves of before a trigger \
was first seen are passed over and not counted.
";

/// What an edit means.
pub(super) const EDITS: &str = "## Editing a live policy

Files are looked at whenever they change. A set with errors changes nothing: the last good one, which the store keeps, goes on, \
also across a restart; `once` then says so by its exit code. No edit fires anything again or restarts a clock: places, enrolments, cooldowns, `enter_after`, holdouts \
and the identity of touches outlive it.

- Every segment, tier, quadrant, trigger and cadence remembers under which version it last ran. Was it edited since, or anything it uses \
(scripts, fields, `settings.timezone`), the next run of a segment, tier, quadrant or trigger evaluates the former definition too, on the same facts, with its own cut points. What never ran \
between two edits counts for nothing, and neither does an edit that was taken back.
- From where a customer stood to where the former definition puts it, a transition is caused by `data`; from there to where it stands now by `policy`. \
A trigger that `moves` fires for what the data did, if the customer also came there by the present definition.
- A trigger with `when` fires for who rose under both definitions. What only the edit made true is noted, and fired only with `backlog = \"fire\"`; what \
only the edit made false cancels touches that were not sent; what holds by the edit alone, after it had fired, goes on and fires nothing.
- A trigger on events or moves judges what is new to it by the `where` and `audience` that it has when it runs: what came before the edit \
but after its last evaluation too. What waits for an answer keeps the `within` it began with.
- A cadence goes by the `id` of its steps. A step put in is due for those who are not past it by more than `grace`; one taken out is never sent; one moved takes its \
unsent touch along and is not sent again where it was; one with another `id` is another. With another `repeat` the cycle in progress keeps its start. Another `audience` enrols \
whom it takes in and ends the enrolments of whom it leaves out.
- A guard counts as edited at once: touches that wait are asked anew, those queued before by `block` and `hours` before each attempt. What waits for approval of its \
run does so still where its `blast_radius` was removed.
- An action that moves to another channel takes the touches that wait along; those queued go over the channel they were queued for, and are cancelled where that \
is removed. Touches of an action that is gone count for the caps of what goes over their channel.
- A table that is removed or disabled sleeps: its unsent touches are cancelled, what it remembers is kept. What became true or moved while it slept is the \
edit's doing. A table with another name is another table.
- A level or cell with a new name, at the place of one whose name is gone, among as many, is the same one renamed: its customers stay \
there, with `since`, `previous` and clocks; nobody moves by that.
- Where the store no longer has the former set, or this version of the program can't read it, all that changed counts as the edit's doing, and the run says so.
";

/// What is kept for how long.
pub(super) const KEPT: &str = "## What is kept for how long

Without `settings.retain` all is kept. With it, what is too old is taken away once a day, a little at a time beside other work, and at the end of `guanxi once`. \
It is counted from the earliest of the clock, the time the last run decided for and the day before: a clock that is wrong for some hours costs nothing.

- `events`: events that happened longer ago, those of the engine's own kind `touch` included. They stay while a table has not taken them yet, while an enrolment made for them goes on, and while a touch \
about them is not sent. Events that happen to everyone stay. A window that looks back further is an error (E422), a ledger that neither fades nor lapses a warning (W411). A metric without `within` is of the events kept: `first` and `days_since_first` mean the first of those. A debt older than that is forgotten, \
and a trigger with `times` counts from the first event kept: where such events come so close that no `within` passes without one, it may fire for another of them than it would. \
`known_since` stays as it is.
- `history`: transitions, runs, events a disabled or never evaluated table has not taken, files of rejected rows; of touches that have ended the payload, the verdicts of guards, and the places left and taken. A dead touch \
whose payload is gone can't be retried. With both, that files were imported, when all they held is gone too; the last file of each source is remembered.
- For good: touches with their reason, enrolments, cooldowns, what triggers remember, merged and forgotten ids, the lines of `audit`. Nothing is done twice because something was forgotten. \
An event that comes in again after it was taken away is no news to anybody, and goes with the next.

Cooldowns, caps and `reenter` may be longer than anything is kept.
";

/// Forgetting and joining customers.
pub(super) const PERSONS: &str = "## Forgetting and merging customers

`guanxi forget ID` erases a customer with fields, events, places, enrolments, touches and rejected rows. Unsent touches are cancelled. A keyed hash of the id stays, by which later rows \
of it are refused and counted. Files that were imported or written, and backups, are not touched.

`guanxi merge OLD NEW` makes two customers one: NEW gets OLD's events, transitions, enrolments and touches, and those fields it lacks itself; where both stood somewhere, NEW's place counts. \
Later rows of OLD are NEW's. Where both are enrolled in a cadence, NEW's enrolment goes on and OLD's ends; for events each has its own. What was sent to either is not sent again for the same reason, and counts for caps.
";

/// Policy tests.
pub(super) const TESTS: &str = "## Policy tests

`guanxi test` runs every `*.test.toml` under the policies folder by the real engine, on an empty store with a set clock. Each step is one run that evaluates everything; \
customers and events before the steps are known from the first on (an event from its `at`), those inside a step arrive then. `touches` lists exactly the actions queued \
for the customer by that step, `values` checks the values it names (`\"missing\"` for none), `payload` texts of a payload; `suppressed` and `waiting` name the guard by action, \
`expired` the guard that was waited for; an empty guard in `suppressed` is a step's own condition.

What fails is shown with what was expected and found side by side, and why. `--coverage` tells which conditions no test saw true, or false, which values none saw known, \
which levels and cells nobody stood at, which steps and triggers made no touch, which guards let nothing pass or held nothing: what came to be for any customer of a test after any of its steps counts, \
expected or not.

```toml
[[test]]
name = \"a complaint overdraws the account: a call at once, the answer in the morning\"
customer = [ { id = \"acme\" } ]
event = [ { type = \"order\", customer = \"acme\", at = \"2027-01-05T10:00:00+08:00\", amount = 900, status = \"paid\" } ]
[[test.step]]
at = \"2027-01-12T09:00:00+08:00\"
expect = [ { customer = \"acme\", values = { orders = 1, goodwill = 0 }, touches = [] } ]
[[test.step]]
at = \"2027-01-13T21:00:00+08:00\"
event = [ { type = \"complaint\", customer = \"acme\", at = \"2027-01-13T21:00:00+08:00\", ticket = \"T1\", severity = 4 } ]
expect = [ { customer = \"acme\", values = { goodwill = -5 }, touches = [\"care_call\"], waiting = { answer = \"night\" } } ]
[[test.step]]
at = \"2027-01-14T09:00:00+08:00\"
expect = [ { customer = \"acme\", touches = [\"answer\"], payload = { answer = { ticket = \"T1\" } } } ]
```
";
