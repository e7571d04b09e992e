//! The limit: the rules as one loop over plain vectors without branches, every distinct comparison
//! computed once, written out as a programmer would, compiled by `rustc -C target-cpu=native`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::data::{CHOICES, FLAGS, NUMBERS};
use super::rules::{Language, Rule, distinct};

/// The built program.
#[derive(Debug)]
pub(crate) struct Hand {
    program: PathBuf,
    masks: PathBuf,
}

impl Hand {
    pub(crate) fn build(rules: &[Rule], folder: &Path) -> Self {
        let rules_file = folder.join("hand_rules.rs");
        std::fs::write(&rules_file, text(rules)).expect("the loop is written");
        let program = folder.join("hand");
        let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/expressions/hand_main.rs");
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let built = Command::new(compiler)
            .args(["--edition", "2024", "-C", "opt-level=3", "-C", "target-cpu=native"])
            .args(["-C", "codegen-units=1", "-o"])
            .arg(&program)
            .arg(&main)
            .env("RULES", &rules_file)
            .status();
        assert!(built.expect("rustc starts").success(), "the loop was not built");
        Self { program, masks: folder.join("hand_masks") }
    }

    /// Each pass's time and every customer's hits.
    pub(crate) fn run(&self, customers: usize, rounds: usize) -> (Vec<Duration>, Vec<u64>) {
        let output = Command::new(&self.program)
            .args([customers.to_string(), rounds.to_string()])
            .arg(&self.masks)
            .output()
            .expect("the loop runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let times = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| Duration::from_nanos(line.parse().expect("nanoseconds")))
            .collect();
        let bytes = std::fs::read(&self.masks).expect("the masks");
        let masks = bytes.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        (times, masks)
    }
}

fn text(rules: &[Rule]) -> String {
    let mut lines = vec!["fn hits(data: &data::Data, masks: &mut [u64]) {".to_owned()];
    lines.push("    let rows = masks.len();".to_owned());
    for (letter, columns, count) in
        [("n", "numbers", NUMBERS), ("f", "flags", FLAGS), ("c", "choices", CHOICES)]
    {
        for column in 0..count {
            let of = format!("data.{columns}[{column}]");
            lines.push(format!(
                "    let ({letter}{column}, {letter}v{column}) = (&{of}.values[..rows], &{of}.valid[..rows]);"
            ));
        }
    }
    lines.push("    for row in 0..rows {".to_owned());
    let parts = distinct(rules);
    for (index, part) in parts.iter().enumerate() {
        lines.push(format!("        let k{index} = {};", part.text(Language::Rust)));
    }
    let masks: Vec<String> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| {
            let name = |part: &_| {
                let place = parts.iter().position(|known| known == part).expect("a known comparison");
                format!("k{place}")
            };
            format!("(u64::from({}) << {index})", rule.text(Language::Rust, name))
        })
        .collect();
    lines.push(format!("        masks[row] = {};", masks.join("\n            | ")));
    lines.extend(["    }".to_owned(), "}".to_owned()]);
    lines.join("\n") + "\n"
}
