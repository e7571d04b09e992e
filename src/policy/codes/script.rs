//! Problems of scripts and of the functions declared from them.

use crate::policy::diagnostic::Code;

/// Every kind, in order of id.
pub static CODES: &[&Code] = &[&NO_SCRIPT, &SCRIPT, &NO_FUNCTION, &TAKEN];

/// No such script.
pub static NO_SCRIPT: Code = Code {
    id: "E601",
    title: "no such script",
    explanation: "`script` names a file under the scripts folder, with `/` between folders.",
    example: "[function.fit]\nscript = \"fitt.rhai\"\nreturns = \"number\"\n\
              # file: fit.rhai\nfn fit() { 1 }\n",
};

/// A script that can't be used.
pub static SCRIPT: Code = Code {
    id: "E602",
    title: "the script can't be used",
    explanation: "Scripts are Rhai, and hold functions only. They compute: `eval`, `print`, `import` and functions \
                  without a name are not allowed, and a function sees its parameters and its own variables alone.",
    example: "[function.fit]\nscript = \"fit.rhai\"\nreturns = \"number\"\n\
              # file: fit.rhai\nfn fit() {\n  let distance = ;\n  distance\n}\n",
};

/// The script lacks the function.
pub static NO_FUNCTION: Code = Code {
    id: "E603",
    title: "no such function in the script",
    explanation: "A function is found in its script by name and number of parameters: `name`, or else the name of \
                  the table, and as many as `takes` lists.",
    example: "[function.fit]\nscript = \"fit.rhai\"\ntakes = { distance = \"number\" }\nreturns = \"number\"\n\
              # file: fit.rhai\nfn fit(industry, distance) { 1 / distance }\n",
};

/// The language has a function of this name.
pub static TAKEN: Code = Code {
    id: "E604",
    title: "the language has a function of this name",
    explanation: "A function of the language keeps its meaning everywhere, so no script can stand for it.",
    example: "[function.round]\nscript = \"round.rhai\"\nreturns = \"number\"\n\
              # file: round.rhai\nfn round() { 1 }\n",
};
