//! Steps whose rows stand for themselves: constants, arithmetic, logic, texts.

use super::frame::Frame;
use super::{Setting, Work};
use crate::evaluate::graph::op::Op;
use crate::evaluate::kernel::text::Memo;
use crate::evaluate::kernel::{choose, flag, number, text, time};
use crate::model::civil;
use crate::model::{Column, Dictionary, FlagColumn, NumberColumn};
use crate::policy::expression::builtin::Builtin;

pub(super) fn step(
    frame: &Frame<'_>,
    setting: Setting<'_>,
    dictionary: &mut Dictionary,
    work: &mut Work,
    out: &mut Column,
) {
    match (&frame.node.op, out) {
        (Op::Choose, out) => {
            if let (Some(then), Some(otherwise)) = (frame.view(1), frame.view(2)) {
                choose::choose(frame.flags(0), then, otherwise, frame.rows, out);
            }
        }
        (Op::Coalesce, out) => {
            if let (Some(first), Some(second)) = (frame.view(0), frame.view(1)) {
                choose::coalesce(first, second, frame.rows, out);
            }
        }
        (_, Column::Number(out)) => numbers(frame, setting, dictionary, &mut work.memo, out),
        (_, Column::Flag(out)) => flags(frame, dictionary, &mut work.memo, out),
        (op, Column::Code(out)) => match op {
            Op::Word(word) => {
                out.clear();
                out.push(setting.words.get(*word).map(|word| dictionary.code(word)));
            }
            Op::Id => {
                out.clear();
                out.codes.extend(frame.facts.ids.iter().map(|id| dictionary.code(id)));
            }
            Op::Text(builtin) => {
                let function: fn(&str) -> String = match builtin {
                    Builtin::Lower => str::to_lowercase,
                    Builtin::Upper => str::to_uppercase,
                    _ => |text| text.trim().to_owned(),
                };
                text::text(frame.codes(0), frame.rows, dictionary, &mut work.memo, out, function);
            }
            _ => {
                let (left, right) = (frame.codes(0), frame.codes(1));
                text::pairs(left, right, frame.rows, dictionary, &mut work.memo, out, |left, right| {
                    [left, right].concat()
                });
            }
        },
    }
}

fn numbers(
    frame: &Frame<'_>,
    setting: Setting<'_>,
    dictionary: &Dictionary,
    memo: &mut Memo,
    out: &mut NumberColumn,
) {
    let (rows, moment) = (frame.rows, setting.moment);
    match &frame.node.op {
        Op::Number(bits) => constant(Some(f64::from_bits(*bits)), out),
        Op::Now => constant(Some(time::instant(moment.now)), out),
        Op::Today => {
            let today = civil::local_date(moment.now, moment.timezone);
            constant(today.map(|today| f64::from(today.0)), out);
        }
        Op::KnownSince => {
            out.values.clear();
            let instants = frame.facts.known_since.iter();
            out.values.extend(instants.map(|&at| time::instant(crate::model::Timestamp(at))));
            out.valid.reset(rows, true);
        }
        Op::Arithmetic(arithmetic) => {
            time::arithmetic(*arithmetic, frame.numbers(0), frame.numbers(1), rows, out);
        }
        Op::Function(builtin, on) => {
            time::function(*builtin, *on, frame.numbers(0), &moment, rows, out);
        }
        Op::CountKnown => flag::count_known(&frame.views(), rows, out),
        Op::TextNumber(builtin) => {
            let function: fn(&str) -> Option<f64> = match builtin {
                Builtin::Len => length,
                _ => |text| text.trim().parse().ok(),
            };
            text::numbers(frame.codes(0), rows, dictionary, memo, out, function);
        }
        Op::Bucket(salt) => {
            let salt = setting.words.get(*salt).map_or("", |salt| &**salt);
            text::buckets(frame.facts.ids.iter(), out, |id| bucket(salt, id));
            number::settle(out);
        }
        _ => {}
    }
}

fn constant(value: Option<f64>, out: &mut NumberColumn) {
    out.clear();
    out.push(value);
}

#[expect(clippy::cast_precision_loss, reason = "texts are far shorter than 2^53 characters")]
fn length(text: &str) -> Option<f64> {
    Some(text.chars().count() as f64)
}

fn bucket(_salt: &str, _id: &str) -> f64 {
    f64::NAN
}

fn flags(frame: &Frame<'_>, dictionary: &Dictionary, memo: &mut Memo, out: &mut FlagColumn) {
    let rows = frame.rows;
    match &frame.node.op {
        Op::Flag(flag) => {
            out.clear();
            out.push(Some(*flag));
        }
        Op::And => flag::both(frame.flags(0), frame.flags(1), rows, out),
        Op::Or => flag::either(frame.flags(0), frame.flags(1), rows, out),
        Op::Not => flag::not(frame.flags(0), rows, out),
        Op::FlagsDiffer(differ) => flag::compare(*differ, frame.flags(0), frame.flags(1), rows, out),
        Op::Known => {
            if let Some(operand) = frame.view(0) {
                flag::known(operand, rows, out);
            }
        }
        Op::Compare(comparison) => {
            number::compare(*comparison, frame.numbers(0), frame.numbers(1), rows, out);
        }
        Op::Differ(differ) => text::same(*differ, frame.codes(0), frame.codes(1), rows, out),
        Op::CompareText(comparison) => {
            let (left, right) = (frame.codes(0), frame.codes(1));
            text::compare(*comparison, left, right, rows, dictionary, memo, out);
        }
        Op::TextTest(builtin) => {
            let (left, right) = (frame.codes(0), frame.codes(1));
            let test: fn(&str, &str) -> bool = match builtin {
                Builtin::StartsWith => |text, part| text.starts_with(part),
                Builtin::EndsWith => |text, part| text.ends_with(part),
                _ => |text, part| text.contains(part),
            };
            text::truths(left, right, rows, dictionary, memo, &mut out.values, test);
            text::both_known(left, right, rows, &mut out.valid);
        }
        _ => {}
    }
}
