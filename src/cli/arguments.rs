//! What can be asked on the command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::logging::LogFormat;
use crate::archive::DeadOrQueued;
use crate::model::touch::TouchState;

/// Where HTTP is served unless said otherwise.
const LISTEN: &str = "127.0.0.1:7611";

/// guanxi (关系) runs customer relationships from policy files: it takes in what customers do, works out where each of
/// them stands, and sends what is due to people and other programs.
#[derive(Debug, Parser)]
#[command(name = "guanxi", version, propagate_version = true)]
pub(super) struct Arguments {
    #[command(flatten, next_help_heading = "Options of every command")]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags of every command.
#[derive(Clone, Debug, Args)]
pub(super) struct Common {
    /// The folder of the policies: every *.toml in it
    #[arg(long, global = true, env = "GUANXI_POLICIES", default_value = "policies", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) policies: PathBuf,
    /// The folder of the scripts that policies call: every *.rhai in it
    #[arg(long, global = true, env = "GUANXI_SCRIPTS", default_value = "scripts", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) scripts: PathBuf,
    /// The folder of inbox/, out/, imported/ and rejected/; the one you are in unless named [default: .]
    #[arg(long, global = true, env = "GUANXI_DATA", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) data: Option<PathBuf>,
    /// The store: one SQLite file, with all that is known and decided
    #[arg(long, global = true, env = "GUANXI_STORE", default_value = "guanxi.db", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) store: PathBuf,
    /// Print the result as one JSON object on stdout; messages go to stderr
    #[arg(long, global = true, env = "GUANXI_JSON", value_parser = clap::builder::FalseyValueParser::new())]
    pub(super) json: bool,
}

impl Common {
    /// The data folder.
    pub(super) fn data_folder(&self) -> &Path {
        self.data.as_deref().unwrap_or(Path::new("."))
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run until told to stop: evaluate by the schedules, take in what comes, send what is due, serve HTTP
    Run(Run),
    /// Import the inbox, evaluate everything once, deliver what is due, exit
    Once(At),
    /// Check the policies and print every problem, with its place and what to do
    Check(Check),
    /// Run the policy tests beside the policies (*.test.toml) in set time
    Test(Test),
    /// Show what the policies on disk would do compared with the active ones; nothing is written or sent. Exits with 2
    /// where anything differs
    Plan(Plan),
    /// Tell why a customer stands where they stand, and what will change
    Explain(Explain),
    /// Show what an action would send to a customer now; nothing is sent
    Preview(Preview),
    /// Run the engine through virtual time on a copy of the store: touches, capacity, standings
    Simulate(Simulate),
    /// List the customers for whom an expression of the policy language holds now
    Select(Select),
    /// Report standings over time, moves between them, touches, outcomes and what they owe to the touch
    Report(Report),
    /// Import CSV or JSON lines files once, without a source
    Import(Import),
    /// Show what is in the store, and how the last runs and the channels fare
    Status,
    /// Show the last runs; approve or reject one that made unusually many touches
    Runs(Runs),
    /// Show touches (one action for one customer for one reason), with their state and why
    Touches(Touches),
    /// Show what did not leave yet and why; send dead touches again, or drop some
    Outbox(Outbox),
    /// Erase a customer for good: facts, history, touches, rejected rows
    Forget(Forget),
    /// Join a customer with another who is the same
    Merge(Merge),
    /// Make a consistent copy of the store, also beside a running daemon
    Backup(Backup),
    /// Make a folder with a small policy set, its tests and some customers to try it on
    Init(Init),
    /// Lay out policy files and tests: space, alignment, lines, expressions; comments stay
    #[command(name = "fmt")]
    Format(Layout),
    /// Print the JSON Schema of policy files, by which editors complete and check them
    Schema(Schema),
    /// Print the language reference as Markdown
    Reference,
    /// Print what a shell needs to complete commands and flags
    Completions(Completions),
    /// Print the manual page
    Man,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// Where to serve HTTP; anything but a loopback address needs --token-file
    #[arg(long, env = "GUANXI_LISTEN", default_value = LISTEN, value_name = "ADDRESS")]
    pub(super) listen: SocketAddr,
    /// A file of bearer tokens, one a line; requests that change something then need one of them
    #[arg(long, env = "GUANXI_TOKEN_FILE", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) token_file: Option<PathBuf>,
    /// What log lines look like [default: text on a terminal, else JSON]
    #[arg(long, env = "GUANXI_LOG_FORMAT", value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
    /// Let only policies become active that this plan (of `plan --save FILE`) is of, now and after edits
    #[arg(long, env = "GUANXI_PLAN", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) plan: Option<PathBuf>,
    /// Run the shipped policies on a generated customer world, in a scratch folder
    #[arg(long, conflicts_with = "plan")]
    pub(super) demo: bool,
    /// What --demo takes for the present, at which its four months end [default: the clock's time]
    #[arg(long, requires = "demo", value_name = "TIME")]
    pub(super) now: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct At {
    /// Take this for the present: 2027-03-01, "2027-03-01 09:00" or RFC 3339 [default: the clock's time]
    #[arg(long, env = "GUANXI_NOW", value_name = "TIME")]
    pub(super) now: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Fail on warnings as well
    #[arg(long)]
    pub(super) deny_warnings: bool,
}

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// For which shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct Init {
    /// A new or empty folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) folder: PathBuf,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Debug, Args)]
pub(super) struct Layout {
    /// Which files; default: all policies and tests under the policies folder
    #[arg(value_name = "FILE", conflicts_with = "stdin", value_hint = ValueHint::FilePath)]
    pub(super) files: Vec<PathBuf>,
    /// Change nothing; show what would change, and fail if anything would
    #[arg(long)]
    pub(super) check: bool,
    /// Read one file from stdin and print it laid out
    #[arg(long)]
    pub(super) stdin: bool,
}

#[derive(Debug, Args)]
pub(super) struct Schema {
    /// That of policy tests (*.test.toml)
    #[arg(long)]
    pub(super) test: bool,
}

#[derive(Debug, Args)]
pub(super) struct Test {
    /// Run only tests whose file or name contains this
    #[arg(long, value_name = "PATTERN")]
    pub(super) run: Option<String>,
    /// Write how the tests ended as JUnit's XML
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) junit: Option<PathBuf>,
    /// Tell what of the policies no test decided
    #[arg(long)]
    pub(super) coverage: bool,
    /// Fail where less of the policies than this was decided, as in 95%
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(super) coverage_min: Option<f64>,
}

#[derive(Debug, Args)]
pub(super) struct Plan {
    /// Compare with the policies in another folder instead of the active ones; scripts are those in the folder `scripts`
    /// beside it, or else those of --scripts
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) from: Option<PathBuf>,
    /// How many days to look ahead; 0 for the next run only
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u32).range(..=3660))]
    pub(super) days: u32,
    /// How many examples to show of anything
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(super) examples: usize,
    /// Keep the plan, to hold `run --plan FILE` or `POST /v1/reload` to it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) save: Option<PathBuf>,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The customer's id
    #[arg(value_name = "CUSTOMER")]
    pub(super) customer: String,
    /// A value, trigger, cadence, guard or action, as `overdue` or `trigger.overdue`; the whole where absent
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
    /// How many days to look ahead, if no data comes
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=3660))]
    pub(super) days: u32,
    /// Show personal fields too
    #[arg(long)]
    pub(super) personal: bool,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// When to end; a day is gone through to its end
    #[arg(long, value_name = "TIME")]
    pub(super) until: String,
    /// Replay history from here on an empty store: only what was known by then, then what came
    #[arg(long, value_name = "TIME", conflicts_with = "now")]
    pub(super) from: Option<String>,
    /// Count by where customers stand in this segment, tier or quadrant [default: the tier that most is decided by]
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<String>,
    /// What a row of the table is [default: by the length of it all]
    #[arg(long, value_enum, value_name = "SPAN")]
    pub(super) per: Option<Per>,
    /// Run this schedule only; may be given several times
    #[arg(long = "schedule", value_name = "NAME")]
    pub(super) schedules: Vec<String>,
    /// Let the touches go of runs that would wait for approval
    #[arg(long)]
    pub(super) approve: bool,
    /// Keep the cut points as they are
    #[arg(long)]
    pub(super) hold_cut_points: bool,
    /// Deliver nothing, so that no touch becomes data
    #[arg(long)]
    pub(super) no_deliveries: bool,
    /// Draw it into this file, replacing one that is there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Debug, Args)]
pub(super) struct Preview {
    /// The action
    #[arg(value_name = "ACTION")]
    pub(super) action: String,
    /// The customer's id
    #[arg(value_name = "CUSTOMER")]
    pub(super) customer: String,
    /// What it would be for, as `trigger.overdue` or `cadence.care_611.welcome`; needed where it hangs on several
    #[arg(long, value_name = "KIND.NAME")]
    pub(super) because: Option<String>,
    /// Show what comes from personal fields too
    #[arg(long)]
    pub(super) personal: bool,
    #[command(flatten)]
    pub(super) at: At,
}

/// What a row of a table over time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Per {
    /// A local day
    Day,
    /// From Monday on
    Week,
    /// A calendar month
    Month,
}

#[derive(Debug, Args)]
pub(super) struct Report {
    #[command(flatten)]
    pub(super) at: At,
    /// Where the span begins, as 2027-03-01; it ends now
    #[arg(long, value_name = "DATE", conflicts_with = "days")]
    pub(super) from: Option<String>,
    /// How many days the span has
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(super) days: u32,
    /// What counts as success of whatever has no goal of its own: an event
    #[arg(long, value_name = "EVENT", requires = "within")]
    pub(super) goal: Option<String>,
    /// How long after a touch it counts, as 30d
    #[arg(long, value_name = "DURATION", requires = "goal")]
    pub(super) within: Option<String>,
    /// Split outcomes by a text or choice field of the customer
    #[arg(long, value_name = "FIELD")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Select {
    /// A condition of the policy language; `true` selects all
    #[arg(value_name = "EXPR")]
    pub(super) condition: String,
    /// What to show of each customer, separated by commas: values, fields or expressions
    #[arg(long, default_value = "id", value_name = "NAMES")]
    pub(super) columns: Vec<String>,
    /// How to print [default: table; with --json jsonl]
    #[arg(long, value_enum)]
    pub(super) format: Option<Format>,
    /// Do not mask personal fields in a table
    #[arg(long)]
    pub(super) personal: bool,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// Comma-separated, full precision
    Csv,
    /// One JSON object a line, full precision
    Jsonl,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// `customer` or the name of an event
    #[arg(value_name = "WHAT")]
    pub(super) target: String,
    /// CSV or JSON lines, each also gzipped
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) files: Vec<PathBuf>,
    /// Which column of the file fills a field; what is not named comes from the column of its own name
    #[arg(long = "map", value_name = "FIELD=COLUMN", value_parser = pair)]
    pub(super) maps: Vec<(String, String)>,
    /// How times are written (strftime); default: RFC 3339 or a date
    #[arg(long, value_name = "FORMAT")]
    pub(super) time_format: Option<String>,
    /// The zone of times without an offset; default: the policies'
    #[arg(long, value_name = "ZONE")]
    pub(super) timezone: Option<chrono_tz::Tz>,
    /// The files' encoding, such as gbk; default: UTF-8
    #[arg(long, value_name = "LABEL")]
    pub(super) encoding: Option<String>,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Runs {
    #[command(subcommand)]
    pub(super) say: Option<Say>,
    /// How many runs to show at most, the latest first
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(super) limit: usize,
}

/// What to say of a run that waits for approval.
#[derive(Debug, Subcommand)]
pub(super) enum Say {
    /// Let its touches go to the guards at the next run
    Approve(Said),
    /// Cancel its touches that wait, for good
    Reject(Said),
}

#[derive(Debug, Args)]
pub(super) struct Said {
    /// The run's number
    #[arg(value_name = "RUN")]
    pub(super) run: i64,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) ask: Ask,
}

/// Where a running guanxi is asked for what only it can do.
#[derive(Debug, Args)]
pub(super) struct Ask {
    /// Where a running guanxi listens
    #[arg(long, env = "GUANXI_LISTEN", default_value = LISTEN, value_name = "ADDRESS")]
    pub(super) listen: SocketAddr,
    /// The file of bearer tokens that it was started with
    #[arg(long, env = "GUANXI_TOKEN_FILE", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Touches {
    /// Only touches of this customer
    #[arg(long, value_name = "ID")]
    pub(super) customer: Option<String>,
    /// Only touches of this action
    #[arg(long, value_name = "NAME")]
    pub(super) action: Option<String>,
    /// Only touches in this state
    #[arg(long, value_name = "STATE", value_parser = touch_state())]
    pub(super) state: Option<TouchState>,
    /// How many touches to show at most, the latest first
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub(super) limit: usize,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Outbox {
    #[command(subcommand)]
    pub(super) order: Option<Redeliver>,
    /// Only what waits for this channel
    #[arg(long, value_name = "NAME")]
    pub(super) channel: Option<String>,
    /// Only touches in this state
    #[arg(long, value_name = "STATE", value_parser = outbox_state())]
    pub(super) state: Option<DeadOrQueued>,
    /// How many touches to show at most, the latest first
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub(super) limit: usize,
}

/// What is to become of touches that did not leave.
#[derive(Debug, Subcommand)]
pub(super) enum Redeliver {
    /// Send dead touches again, under the same ids and with the same content
    Retry(Orders),
    /// Cancel dead or queued touches for good
    Drop(Orders),
}

#[derive(Debug, Args)]
pub(super) struct Orders {
    /// The ids of the touches
    #[arg(required = true, value_name = "ID")]
    pub(super) ids: Vec<String>,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) ask: Ask,
}

#[derive(Debug, Args)]
pub(super) struct Forget {
    /// The customer's id
    #[arg(value_name = "ID")]
    pub(super) customer: String,
}

#[derive(Debug, Args)]
pub(super) struct Merge {
    /// The id that goes; later rows of it are the other's
    #[arg(value_name = "OLD")]
    pub(super) old: String,
    /// The id that stays
    #[arg(value_name = "NEW")]
    pub(super) new: String,
}

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The copy to make
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,
    /// Replace a file of this name
    #[arg(long)]
    pub(super) force: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, column)) if !field.is_empty() && !column.is_empty() => {
            Ok((field.to_owned(), column.to_owned()))
        }
        _ => Err("write FIELD=COLUMN, as in customer=CustomerID".to_owned()),
    }
}

/// One of the states that a touch can be in.
fn touch_state() -> impl TypedValueParser<Value = TouchState> {
    PossibleValuesParser::new(TouchState::ALL.map(TouchState::as_str))
        .try_map(|word| TouchState::parse(&word).ok_or("no state of a touch"))
}

/// One of the states in which a touch is in the outbox.
fn outbox_state() -> impl TypedValueParser<Value = DeadOrQueued> {
    let states = [DeadOrQueued::Queued, DeadOrQueued::Dead].map(DeadOrQueued::as_str);
    PossibleValuesParser::new(states)
        .try_map(|word| DeadOrQueued::parse(&word).ok_or("no state of the outbox"))
}

/// Reads `95%` or `95`, from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>().ok();
    let share = number.map(|percent| percent / 100.0).filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "write a share from 0% to 100%".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_pair_has_two_sides() {
        assert_eq!(pair("at=Date=1"), Ok(("at".to_owned(), "Date=1".to_owned())));
        assert!(pair("at").is_err() && pair("=x").is_err());
    }
}
