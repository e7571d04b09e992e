//! The demo's scratch folder: shipped policies to edit, inbox, output, store.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::super::failure::Failure;
use super::super::print::Out;
use crate::demo::{File, days, policies};
use crate::model::Date;

/// The folder.
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Makes it, with the shipped policies in it, whose calendar names days about today.
    pub(super) fn make(wanted: Option<&Path>, today: Date) -> Result<Self, Failure> {
        let root = wanted.map_or_else(
            || std::env::temp_dir().join(format!("guanxi-demo-{}", std::process::id())),
            Path::to_owned,
        );
        let folder = Self { root };
        if folder.store().exists() || folder.policies().exists() {
            return Err(Failure::Input(format!(
                "{} holds a store or policies already: name an empty folder with --data, or none for a scratch folder",
                folder.root.display()
            )));
        }
        for (path, text) in policies::with_crm() {
            write(&folder.policies().join(path), &days::replaced(&text, today))?;
        }
        for (path, text) in policies::SCRIPTS {
            write(&folder.root.join("scripts").join(path), text)?;
        }
        fs::create_dir_all(folder.root.join("inbox")).map_err(|error| folder.unwritable(&error))?;
        Ok(folder)
    }

    fn unwritable(&self, error: &std::io::Error) -> Failure {
        Failure::Input(format!("cannot write to {}: {error}", self.root.display()))
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn policies(&self) -> PathBuf {
        self.root.join("policies")
    }

    pub(super) fn store(&self) -> PathBuf {
        self.root.join("guanxi.db")
    }

    /// Puts files into the inbox, each whole or not at all.
    pub(super) fn deliver(&self, files: &[File]) -> Result<(), Failure> {
        let inbox = self.root.join("inbox");
        for file in files {
            let part = inbox.join(format!("{}.part", file.name));
            write(&part, &file.text)?;
            fs::rename(&part, inbox.join(&file.name)).map_err(|error| self.unwritable(&error))?;
        }
        Ok(())
    }

    /// Says what this is and where everything is.
    pub(super) fn introduce(&self, out: &mut Out, crm: SocketAddr) -> Result<(), Failure> {
        let root = self.root.display();
        out.line(
            "guanxi demo. Customers, prospects, colleagues and all they do are generated: nobody is real. The orders have",
        )?;
        out.line("the proportions of a real shop; what else is known is made up to go with them. It takes the way of real data:")?;
        out.line("through the inbox, the policies, the store.")?;
        out.line("")?;
        out.line(format_args!("  policies   {root}/policies   the shipped ones; edit them while this runs"))?;
        out.line(format_args!(
            "  facts      {root}/inbox      some files each morning, then moved to imported/"
        ))?;
        out.line(format_args!(
            "  lists      {root}/out        of calls, messages and tasks, one a day each"
        ))?;
        out.line(format_args!("  webhooks   http://{crm}/touches   a receiver inside this demo"))?;
        out.line(format_args!("  store      {root}/guanxi.db   plain SQLite, to look into"))?;
        out.line("")?;
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::Input(format!("cannot write {}: {error}", path.display())))
}
