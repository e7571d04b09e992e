//! The widest vectors of the processor at hand, found at run time: 512 bits or 256 on x86-64 where it
//! has them, else what every machine of the target has. All ways give the same bits.

#![expect(clippy::inline_always, reason = "what is not inlined here is not compiled for the wider vectors")]

use pulp::{Arch, NullaryFnOnce, bytemuck};

use super::Bits;
use crate::evaluate::graph::op::Comparison;
use crate::model::Bitmap;

/// What each row is compared with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Against<'a, T> {
    One(T),
    Each(&'a [T]),
}

/// A test of eight rows' two values; the lowest row is the lowest bit.
trait Eight<T>: Copy {
    fn eight(self, left: &[T; 8], right: &[T; 8]) -> u8;
}

/// One test on all rows.
struct Rows<'a, T, E> {
    left: &'a [T],
    right: Against<'a, T>,
    test: E,
    out: &'a mut [u8],
}

impl<T: Copy + Default, E: Eight<T>> NullaryFnOnce for Rows<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { left, right, test, out } = self;
        let (blocks, rest) = left.as_chunks::<8>();
        let Some((bytes, tail)) = out.split_at_mut_checked(blocks.len()) else { return };
        tail.fill(0);
        let right_rest = match right {
            Against::One(one) => {
                let one = [one; 8];
                for (byte, block) in bytes.iter_mut().zip(blocks) {
                    *byte = test.eight(block, &one);
                }
                one
            }
            Against::Each(right) => {
                let (right_blocks, right_rest) = right.as_chunks::<8>();
                for (byte, (block, right)) in bytes.iter_mut().zip(blocks.iter().zip(right_blocks)) {
                    *byte = test.eight(block, right);
                }
                padded(right_rest)
            }
        };
        if let (Some(byte), false) = (tail.first_mut(), rest.is_empty()) {
            *byte = test.eight(&padded(rest), &right_rest) & !(u8::MAX << rest.len());
        }
    }
}

#[inline(always)]
fn padded<T: Copy + Default>(rest: &[T]) -> [T; 8] {
    let mut block = [T::default(); 8];
    for (place, &value) in block.iter_mut().zip(rest) {
        *place = value;
    }
    block
}

// The predicates of comparisons as x86 numbers them.
const EQUAL: i32 = 0x00;
const NOT_EQUAL: i32 = 0x04;
const LESS: i32 = 0x11;
const LESS_OR_EQUAL: i32 = 0x12;
const GREATER_OR_EQUAL: i32 = 0x1d;
const GREATER: i32 = 0x1e;

/// A comparison of numbers on a kind of processor.
#[derive(Clone, Copy)]
struct Compare<S, const PREDICATE: i32>(S);

/// Equality of codes on a kind of processor.
#[derive(Clone, Copy)]
struct Same<S>(S);

/// Whether numbers are finite, on a kind of processor. Their partner is infinity.
#[derive(Clone, Copy)]
struct Finite<S>(S);

/// What every machine of the target has.
#[derive(Clone, Copy)]
struct Any;

#[inline(always)]
fn fold<T: Copy>(left: &[T; 8], right: &[T; 8], test: impl Fn(T, T) -> bool) -> u8 {
    let pairs = left.iter().zip(right).enumerate();
    pairs.fold(0, |byte, (bit, (&left, &right))| byte | u8::from(test(left, right)) << bit)
}

impl<const PREDICATE: i32> Eight<f64> for Compare<Any, PREDICATE> {
    #[inline(always)]
    #[expect(clippy::float_cmp, reason = "the language compares numbers exactly")]
    fn eight(self, left: &[f64; 8], right: &[f64; 8]) -> u8 {
        fold(left, right, |left, right| match PREDICATE {
            EQUAL => left == right,
            NOT_EQUAL => left != right,
            LESS => left < right,
            LESS_OR_EQUAL => left <= right,
            GREATER_OR_EQUAL => left >= right,
            _ => left > right,
        })
    }
}

impl Eight<u32> for Same<Any> {
    #[inline(always)]
    fn eight(self, left: &[u32; 8], right: &[u32; 8]) -> u8 {
        fold(left, right, |left, right| left == right)
    }
}

impl Eight<f64> for Finite<Any> {
    #[inline(always)]
    fn eight(self, left: &[f64; 8], right: &[f64; 8]) -> u8 {
        fold(left, right, |left, right| left.abs() < right)
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256d, __m256i, __m512d};

    use pulp::cast;
    use pulp::x86::{V3, V4};

    use super::{Compare, Eight, Finite, LESS, Same};

    #[inline(always)]
    fn halves(block: &[f64; 8]) -> [__m256d; 2] {
        cast(*block)
    }

    impl<const PREDICATE: i32> Eight<f64> for Compare<V4, PREDICATE> {
        #[inline(always)]
        fn eight(self, left: &[f64; 8], right: &[f64; 8]) -> u8 {
            self.0.avx512f._mm512_cmp_pd_mask::<PREDICATE>(cast(*left), cast(*right))
        }
    }

    impl<const PREDICATE: i32> Eight<f64> for Compare<V3, PREDICATE> {
        #[inline(always)]
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "four bits")]
        fn eight(self, left: &[f64; 8], right: &[f64; 8]) -> u8 {
            let ([left, upper_left], [right, upper_right]) = (halves(left), halves(right));
            let avx = self.0.avx;
            let lower = avx._mm256_movemask_pd(avx._mm256_cmp_pd::<PREDICATE>(left, right)) as u8;
            let upper = avx._mm256_movemask_pd(avx._mm256_cmp_pd::<PREDICATE>(upper_left, upper_right)) as u8;
            lower | upper << 4
        }
    }

    impl Eight<f64> for Finite<V4> {
        #[inline(always)]
        fn eight(self, left: &[f64; 8], right: &[f64; 8]) -> u8 {
            let left: __m512d = self.0.avx512f._mm512_abs_pd(cast(*left));
            self.0.avx512f._mm512_cmp_pd_mask::<LESS>(left, cast(*right))
        }
    }

    impl Eight<f64> for Finite<V3> {
        #[inline(always)]
        fn eight(self, left: &[f64; 8], right: &[f64; 8]) -> u8 {
            Compare::<V3, LESS>(self.0).eight(&left.map(f64::abs), right)
        }
    }

    impl Eight<u32> for Same<V3> {
        #[inline(always)]
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "eight bits")]
        fn eight(self, left: &[u32; 8], right: &[u32; 8]) -> u8 {
            let (left, right): (__m256i, __m256i) = (cast(*left), cast(*right));
            let same = self.0.avx2._mm256_cmpeq_epi32(left, right);
            self.0.avx._mm256_movemask_ps(self.0.avx._mm256_castsi256_ps(same)) as u8
        }
    }

    impl Eight<u32> for Same<V4> {
        #[inline(always)]
        fn eight(self, left: &[u32; 8], right: &[u32; 8]) -> u8 {
            Same::<V3>(*self.0).eight(left, right)
        }
    }
}

/// Tests every row with the widest vectors there are. Every byte of `$out` is written.
macro_rules! test_rows {
    ($left:ident, $right:ident, $out:ident, $test:expr) => {
        match Arch::new() {
            #[cfg(target_arch = "x86_64")]
            Arch::V4(simd) => {
                simd.vectorize(Rows { left: $left, right: $right, test: $test(simd), out: $out })
            }
            #[cfg(target_arch = "x86_64")]
            Arch::V3(simd) => {
                simd.vectorize(Rows { left: $left, right: $right, test: $test(simd), out: $out })
            }
            _ => Rows { left: $left, right: $right, test: $test(Any), out: $out }.call(),
        }
    };
}

/// The bytes of a bitmap's words.
fn bytes(bitmap: &mut Bitmap) -> &mut [u8] {
    bytemuck::cast_slice_mut(bitmap.words_mut())
}

/// Turns bytes with the lowest rows first into words.
fn in_order(out: &mut Bitmap) {
    if cfg!(target_endian = "big") {
        for word in out.words_mut() {
            *word = u64::from_le(*word);
        }
    }
}

/// The rows whose numbers compare so. The bitmap is as long as the left side.
pub(super) fn compare(comparison: Comparison, left: &[f64], right: Against<'_, f64>, bitmap: &mut Bitmap) {
    let out = bytes(bitmap);
    match comparison {
        Comparison::Equal => test_rows!(left, right, out, Compare::<_, EQUAL>),
        Comparison::NotEqual => test_rows!(left, right, out, Compare::<_, NOT_EQUAL>),
        Comparison::Less => test_rows!(left, right, out, Compare::<_, LESS>),
        Comparison::LessOrEqual => test_rows!(left, right, out, Compare::<_, LESS_OR_EQUAL>),
        Comparison::Greater => test_rows!(left, right, out, Compare::<_, GREATER>),
        Comparison::GreaterOrEqual => test_rows!(left, right, out, Compare::<_, GREATER_OR_EQUAL>),
    }
    in_order(bitmap);
}

/// The rows whose codes are the same. The bitmap is as long as the left side.
pub(super) fn same(left: &[u32], right: Against<'_, u32>, bitmap: &mut Bitmap) {
    let out = bytes(bitmap);
    test_rows!(left, right, out, Same);
    in_order(bitmap);
}

/// Which of up to 64 numbers are finite, the first in the lowest bit.
pub(super) fn finite(values: &[f64]) -> u64 {
    let mut bytes = [0; 8];
    let Some(out) = bytes.get_mut(..values.len().div_ceil(8)) else { return 0 };
    let (left, right) = (values, Against::One(f64::INFINITY));
    test_rows!(left, right, out, Finite);
    u64::from_le_bytes(bytes)
}

/// Loops compiled for the widest vectors.
pub(super) fn wide<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}

/// Whole-word logic on two bitmaps. Every word of `out` is written; the caller clears its tail.
pub(super) fn logic(left: Bits<'_>, right: Bits<'_>, out: &mut Bitmap, op: impl Fn(u64, u64) -> u64 + Copy) {
    let words = out.words_mut();
    wide(|| match (left, right) {
        (Bits::Words(left), Bits::Words(right)) => {
            for ((word, &left), &right) in words.iter_mut().zip(left).zip(right) {
                *word = op(left, right);
            }
            let known = left.len().min(right.len());
            words.iter_mut().skip(known).for_each(|word| *word = op(0, 0));
        }
        (Bits::Words(left), Bits::All(_)) => {
            let right = right.word(0);
            for (word, &left) in words.iter_mut().zip(left) {
                *word = op(left, right);
            }
            words.iter_mut().skip(left.len()).for_each(|word| *word = op(0, right));
        }
        (Bits::All(_), Bits::Words(right)) => {
            let left = left.word(0);
            for (word, &right) in words.iter_mut().zip(right) {
                *word = op(left, right);
            }
            words.iter_mut().skip(right.len()).for_each(|word| *word = op(left, 0));
        }
        (Bits::All(_), Bits::All(_)) => words.fill(op(left.word(0), right.word(0))),
    });
}

/// Changes the words of a bitmap by those of another.
pub(super) fn change(out: &mut Bitmap, by: Bits<'_>, op: impl Fn(u64, u64) -> u64 + Copy) {
    let words = out.words_mut();
    wide(|| match by {
        Bits::Words(by) => {
            for (word, &by) in words.iter_mut().zip(by) {
                *word = op(*word, by);
            }
            words.iter_mut().skip(by.len()).for_each(|word| *word = op(*word, 0));
        }
        Bits::All(_) => {
            let by = by.word(0);
            for word in words.iter_mut() {
                *word = op(*word, by);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits<T: Copy + Default, E: Eight<T>>(left: &[T], right: Against<'_, T>, test: E) -> Vec<u8> {
        let mut out = vec![0xaa; left.len().div_ceil(64) * 8];
        Rows { left, right, test, out: &mut out }.call();
        out
    }

    fn expected<T: Copy>(left: &[T], right: Against<'_, T>, test: impl Fn(T, T) -> bool) -> Vec<u8> {
        let mut out = vec![0; left.len().div_ceil(64) * 8];
        for (row, &value) in left.iter().enumerate() {
            let other = match right {
                Against::One(one) => one,
                Against::Each(right) => right[row],
            };
            out[row / 8] |= u8::from(test(value, other)) << (row % 8);
        }
        out
    }

    macro_rules! on_every_processor {
        ($left:expr, $right:expr, $test:expr, $expected:expr) => {
            let expected = expected($left, $right, $expected);
            assert_eq!(bits($left, $right, $test(Any)), expected);
            #[cfg(target_arch = "x86_64")]
            if let Some(simd) = pulp::x86::V3::try_new() {
                assert_eq!(bits($left, $right, $test(simd)), expected);
            }
            #[cfg(target_arch = "x86_64")]
            if let Some(simd) = pulp::x86::V4::try_new() {
                assert_eq!(bits($left, $right, $test(simd)), expected);
            }
        };
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the language compares numbers exactly")]
    fn every_processor_gives_the_same_bits_for_every_length() {
        let some = [0.0, -0.0, 1.0, -2.5, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 3.0, 1e-300];
        for rows in [0, 1, 7, 8, 9, 63, 64, 65, 200] {
            let left: Vec<f64> = (0..rows).map(|row| some[row * 7 % some.len()]).collect();
            let other: Vec<f64> = (0..rows).map(|row| some[row * 3 % some.len()]).collect();
            for right in [Against::One(1.0), Against::Each(&other)] {
                on_every_processor!(&left, right, Compare::<_, EQUAL>, |a, b| a == b);
                on_every_processor!(&left, right, Compare::<_, NOT_EQUAL>, |a, b| a != b);
                on_every_processor!(&left, right, Compare::<_, LESS>, |a, b| a < b);
                on_every_processor!(&left, right, Compare::<_, LESS_OR_EQUAL>, |a, b| a <= b);
                on_every_processor!(&left, right, Compare::<_, GREATER>, |a, b| a > b);
                on_every_processor!(&left, right, Compare::<_, GREATER_OR_EQUAL>, |a, b| a >= b);
            }
            let infinity = Against::One(f64::INFINITY);
            on_every_processor!(&left, infinity, Finite, |value: f64, _| value.is_finite());
            let left: Vec<u32> = (0..rows).map(|row| [1, 2, u32::MAX][row % 3]).collect();
            let other: Vec<u32> = (0..rows).map(|row| [1, u32::MAX][row % 2]).collect();
            for right in [Against::One(2), Against::Each(&other)] {
                on_every_processor!(&left, right, Same, |a, b| a == b);
            }
        }
    }
}
