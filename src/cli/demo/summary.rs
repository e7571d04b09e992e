//! What the demo says when it has caught up with today: which tables decided how often, and what to try next.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use super::super::failure::Failure;
use super::life::{Living, stopped};

/// How wide lists are printed.
const WIDTH: usize = 110;

impl Living<'_> {
    /// Which tables decided how often, by file.
    pub(super) async fn summary(&mut self) -> Result<(), Failure> {
        let transitions = self
            .shared
            .writer
            .call(|store| store.archive.transitions(None, usize::MAX))
            .await
            .map_err(stopped)??;
        let active = self.shared.active();
        let (told, silent) = self.tally.by_file(&active.set.files, &active.set.compiled, &transitions);
        self.out.line("")?;
        self.out.line(format_args!(
            "{} actions in all, {} of them over the webhook. Which tables decided how often: triggers and cadences",
            self.tally.made,
            self.life.received.load(Ordering::Relaxed)
        ))?;
        self.out.line("by actions, segments, tiers and quadrants by changes of place:")?;
        for (file, tables) in &told {
            self.list(file, tables)?;
        }
        if !silent.is_empty() {
            self.list("none yet", &silent)?;
        }
        Ok(())
    }

    /// A list in lines of a width, after what it is of.
    fn list(&mut self, of: &str, items: &[String]) -> Result<(), Failure> {
        let mut line = format!("  {of:<26}");
        for (place, item) in items.iter().enumerate() {
            if line.chars().count() + item.len() > WIDTH {
                self.out.line(line.trim_end())?;
                line = " ".repeat(28);
            }
            line.push_str(item);
            line.push_str(if place + 1 < items.len() { ", " } else { "" });
        }
        self.out.line(line.trim_end())?;
        Ok(())
    }

    pub(super) fn next_steps(&mut self, address: SocketAddr) -> Result<(), Failure> {
        let root = self.folder.root().display();
        let program = std::env::current_exe().unwrap_or_else(|_| "guanxi".into());
        let guanxi = program.display();
        let here = format!("--policies {root}/policies --scripts {root}/scripts --store {root}/guanxi.db");
        let customer = self.tally.most_told().unwrap_or("10000001");
        for line in [
            String::new(),
            "Now it is today, and goes on in real time: rows arrive as they happen, the schedules run by the clock."
                .to_owned(),
            "All of it is generated: no customer, colleague or rival is real. Try in another terminal:".to_owned(),
            String::new(),
            format!("  {guanxi} explain {customer} {here}"),
            format!("  {guanxi} select 'overdue' {here} --columns id,pyramid,days_since_order"),
            format!("  {guanxi} touches --store {root}/guanxi.db --customer {customer}"),
            format!("  head {root}/out/*.csv"),
            format!("  curl -s http://{address}/v1/status"),
            format!(
                "  $EDITOR {root}/policies/loyalty/lapsing.toml    # save, and see here what changed, or what is wrong"
            ),
            String::new(),
            "Ctrl-C ends it; the folder stays.".to_owned(),
        ] {
            self.out.line(line)?;
        }
        Ok(())
    }
}
