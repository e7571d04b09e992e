//! Hides what channels keep secret in the text of policies, so that diagnostics may be logged and shown. Goes by lines,
//! since what is to be shown may be no TOML. Every byte keeps its place, and so do the diagnostics.

use super::Files;

/// Keys whose values may hold a key or a password.
const KEYS: [&str; 3] = ["url", "secret", "headers"];

/// Whether a key of a channel may hold a key or a password.
pub(super) fn is_secret(key: &str) -> bool {
    KEYS.contains(&key)
}

/// The files with the addresses, secrets and headers of channels made unreadable.
#[must_use]
pub fn masked(files: &Files) -> Files {
    let policies = files.policies.iter().map(|(path, text)| (path.clone(), masked_text(text))).collect();
    Files { policies, scripts: files.scripts.clone() }
}

fn masked_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_headers, mut goes_on) = (false, false);
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let table =
            trimmed.strip_prefix('[').filter(|rest| rest.starts_with(|first: char| first.is_alphabetic()));
        if let Some(table) = table {
            in_headers = table.split(']').next().is_some_and(|name| name.trim_end().ends_with(".headers"));
            goes_on = false;
        }
        let key_ends = secret_from(line).or(if in_headers { line.find('=') } else { None });
        let visible = match key_ends {
            Some(at) => Some(at),
            // The values of a list stand on lines of their own.
            None if goes_on && table.is_none() && !has_key(trimmed) => Some(0),
            None => None,
        };
        goes_on = visible.is_some();
        let (shown, hidden) = line.split_at_checked(visible.unwrap_or(line.len())).unwrap_or((line, ""));
        out.push_str(shown);
        out.extend(hidden.chars().map(hide));
    }
    out
}

/// Where the value of the first secret key of a line begins.
fn secret_from(line: &str) -> Option<usize> {
    KEYS.iter()
        .flat_map(|key| line.match_indices(key).map(move |(at, _)| (at, at + key.len())))
        .filter(|&(at, end)| {
            let is_word = |part: Option<char>| part.is_some_and(|one| one.is_alphanumeric() || one == '_');
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let after = line.get(end..).unwrap_or_default();
            !is_word(before) && after.trim_start_matches(['"', '\'', ' ', '\t']).starts_with(['=', '.'])
        })
        .map(|(_, end)| end)
        .min()
}

/// Whether a line begins with a key of its own.
fn has_key(line: &str) -> bool {
    let name = line.trim_start_matches(|letter: char| letter.is_alphanumeric() || "_-.".contains(letter));
    name.len() < line.len() && name.trim_start().starts_with('=')
}

/// What stands for a character: as many bytes; what gives the line its form stays.
fn hide(letter: char) -> &'static str {
    match (letter, letter.len_utf8()) {
        ('\n', _) => "\n",
        ('\r', _) => "\r",
        (' ', _) => " ",
        ('=', _) => "=",
        ('"', _) => "\"",
        (_, 1) => "*",
        (_, 2) => "**",
        (_, 3) => "***",
        _ => "****",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_channels_keep_secret_is_hidden_wherever_it_stands_and_nothing_moves() {
        let text = "[channel.crm.webhook]\nurl = \"https://user:KEY@x/?k=KEY\"\nsecret = [\n  \"whsec_KEY\",\n  \"KEYé\",\n]\n\
                    timeout = \"1q\"\nheaders = { \"x-key\" = \"KEY\", b = 7 }\n[channel.b.webhook.headers]\nx-a = \"KEY\"\n\
                    [action.tell]\nchannel = \"crm\"\n[channel]\nc = { webhook = { url = \"KEY\" } }\n\
                    channel.d.webhook.headers.x = \"KEY\"\nsecret = \"KEY\n[segment.x]\nwhen = 'curl == 1'\n";
        let hidden = masked_text(text);
        assert!(!hidden.contains("KEY"), "{hidden}");
        assert_eq!(hidden.len(), text.len());
        for shown in [
            "timeout = \"1q\"",
            "channel = \"crm\"",
            "[segment.x]\nwhen = 'curl == 1'",
            "c = { webhook = { url =",
        ] {
            assert!(hidden.contains(shown), "{hidden}");
        }
    }
}
