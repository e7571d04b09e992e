//! The one Rhai engine that scripts run in, and everything it does not have.

use std::cell::Cell;
use std::sync::LazyLock;

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
    BasicStringPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, OptimizationLevel, Position};

/// What a script may use up, the same in every build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a script's text.
    pub text: usize,
    /// Functions in a script.
    pub functions: usize,
    /// Steps of one call.
    pub operations: u64,
    /// Functions calling functions.
    pub call_depth: usize,
    /// Nesting of expressions and blocks.
    pub expression_depth: usize,
    /// Variables at a time.
    pub variables: usize,
    /// Bytes of a text, or of all texts in an array or map.
    pub text_size: usize,
    /// Elements of an array, those of arrays within counted.
    pub array_size: usize,
    /// Entries of a map, those of maps within counted.
    pub map_size: usize,
}

/// The limits that hold.
pub const LIMITS: Limits = Limits {
    text: 256 * 1024,
    functions: 256,
    operations: 20_000,
    call_depth: 16,
    expression_depth: 64,
    variables: 128,
    text_size: 16 * 1024,
    array_size: 1_000,
    map_size: 1_000,
};

/// Words of Rhai's that run text as code or write somewhere.
const WITHOUT: [&str; 3] = ["eval", "print", "debug"];

/// Packages are picked by hand: the core package brings `sleep`, `exit` and a JSON reader. There is no
/// module resolver, and `import` is no word here. Functions without a name are not allowed, as what
/// they capture is shared and outlives the call.
pub(super) static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut engine = Engine::new_raw();
    for package in [
        ArithmeticPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicMathPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
        BasicStringPackage::new().as_shared_module(),
        MoreStringPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
    ] {
        engine.register_global_module(package);
    }
    for word in WITHOUT {
        engine.disable_symbol(word);
    }
    engine.on_print(|_| {});
    engine.on_debug(|_, _, _| {});
    engine.register_fn("replace", |text: &mut ImmutableString, find: &str, with: &str| {
        replace(text, find, with)
    });
    engine.register_fn("replace", |text: &mut ImmutableString, find: char, with: &str| {
        replace(text, find.encode_utf8(&mut [0; 4]), with)
    });
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_strict_variables(true);
    engine.set_fail_on_invalid_map_property(true);
    engine.set_allow_anonymous_fn(false);
    engine.set_allow_looping(true);
    engine.set_max_operations(LIMITS.operations);
    engine.on_progress(|_| spend());
    engine.set_max_call_levels(LIMITS.call_depth);
    engine.set_max_expr_depths(LIMITS.expression_depth, LIMITS.expression_depth);
    engine.set_max_variables(LIMITS.variables);
    engine.set_max_functions(LIMITS.functions);
    engine.set_max_string_size(LIMITS.text_size);
    engine.set_max_array_size(LIMITS.array_size);
    engine.set_max_map_size(LIMITS.map_size);
    engine.set_max_strings_interned(0);
    engine
});

thread_local! {
    /// Steps of the call that this thread is at.
    static SPENT: Cell<u64> = const { Cell::new(0) };
}

/// Begins a call with all its steps unspent.
pub(super) fn begin() {
    SPENT.set(0);
}

/// Counts a step. Rhai's own count starts again in each function that another function is given to call
/// (as `map` does), so that nested ones would go on almost for ever.
fn spend() -> Option<Dynamic> {
    SPENT.set(SPENT.get() + 1);
    (SPENT.get() > LIMITS.operations).then_some(Dynamic::UNIT)
}

/// Rhai's own makes the whole text before it asks how long that is.
fn replace(text: &mut ImmutableString, find: &str, with: &str) -> Result<(), Box<EvalAltResult>> {
    let places = text.matches(find).count();
    let grown = text.len().saturating_add(places.saturating_mul(with.len()));
    if grown.saturating_sub(places.saturating_mul(find.len())) > LIMITS.text_size {
        let what = "Length of string".to_owned();
        return Err(Box::new(EvalAltResult::ErrorDataTooLarge(what, Position::NONE)));
    }
    *text = text.replace(find, with).into();
    Ok(())
}
