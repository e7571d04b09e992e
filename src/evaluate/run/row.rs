//! Steps whose rows stand for themselves: constants, arithmetic, logic, texts.

use super::frame::Frame;
use super::{Setting, Work};
use crate::evaluate::graph::op::Op;
use crate::evaluate::kernel::text::Memo;
use crate::evaluate::kernel::{choose, flag, number, text, time};
use crate::model::{Column, Dictionary, FlagColumn, NumberColumn};
use crate::policy::expression::builtin::compute::finite;
use crate::policy::expression::builtin::{Compute, Function};

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
            Op::Text(Function { compute: Compute::TextToText(compute), .. }) => {
                text::text(frame.codes(0), frame.rows, dictionary, &mut work.memo, out, |text, made| {
                    made.push_str(&compute(text));
                });
            }
            _ => {
                let (left, right) = (frame.codes(0), frame.codes(1));
                text::pairs(left, right, frame.rows, dictionary, &mut work.memo, out, |left, right, made| {
                    made.extend([left, right]);
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
        Op::Moment(Function { compute: Compute::Moment(compute), .. }) => {
            constant(finite(compute(&moment)), out);
        }
        Op::KnownSince => {
            out.values.clear();
            let instants = frame.facts.known_since.iter();
            out.values.extend(instants.map(|&at| time::instant(crate::model::Timestamp(at))));
            out.valid.reset(rows, true);
        }
        Op::Arithmetic(arithmetic, operator) => {
            let sides = [frame.numbers(0), frame.numbers(1)];
            time::arithmetic((*arithmetic, *operator), sides, rows, out);
        }
        Op::Least => time::least(frame.numbers(0), frame.numbers(1), rows, out),
        Op::Greatest => time::greatest(frame.numbers(0), frame.numbers(1), rows, out),
        Op::Function(builtin, on) => {
            time::function(builtin, *on, frame.numbers(0), &moment, rows, out);
        }
        Op::FunctionOfSeveral(Function { compute: Compute::Numbers(compute), .. }) => {
            several(frame, *compute, out);
        }
        Op::CountKnown => flag::count_known(frame.views(), rows, out),
        Op::TextNumber(Function { compute: Compute::TextToNumber(compute), .. }) => {
            text::numbers(frame.codes(0), rows, dictionary, memo, out, compute);
        }
        Op::PerCustomer(Function { compute: Compute::PerCustomer(compute), .. }, salt) => {
            let salt = setting.words.get(*salt).map_or("", |salt| &**salt);
            text::buckets(frame.facts.ids.iter(), out, |id| compute(salt, id));
        }
        _ => {}
    }
}

fn constant(value: Option<f64>, out: &mut NumberColumn) {
    out.clear();
    out.push(value);
}

/// A function of several numbers.
fn several(frame: &Frame<'_>, compute: fn(&[f64]) -> f64, out: &mut NumberColumn) {
    const USUAL: usize = 4;
    let count = frame.node.operands.len();
    if count > USUAL {
        let operands: Vec<_> = (0..count).map(|index| frame.numbers(index)).collect();
        return time::function_of_several(compute, &operands, &mut vec![0.0; count], frame.rows, out);
    }
    let operands: [_; USUAL] = std::array::from_fn(|index| frame.numbers(index));
    let mut arguments = [0.0; USUAL];
    if let (Some(operands), Some(arguments)) = (operands.get(..count), arguments.get_mut(..count)) {
        time::function_of_several(compute, operands, arguments, frame.rows, out);
    }
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
        Op::TextTest(Function { compute: Compute::Texts(test), .. }) => {
            let (left, right) = (frame.codes(0), frame.codes(1));
            text::truths(left, right, rows, dictionary, memo, &mut out.values, test);
            text::both_known(left, right, rows, &mut out.valid);
        }
        _ => {}
    }
}
