//! The example of the reference: what a script is for is best seen.

/// The declaration and its use.
pub(crate) const POLICY: &str = r#"[customer.fields]
industry    = "text"
distance_km = "number"

[function.capability_fit]
title   = "How well we can serve a customer, 0 to 1"
script  = "fit.rhai"                 # calls fn capability_fit in scripts/fit.rhai, unless `name` says another
takes   = { industry = "text", distance_km = "number" }
returns = "number"

[segment.our_kind]
when = 'capability_fit(industry, distance_km) > 0.5'
"#;

/// `fit.rhai`.
pub(crate) const SCRIPT: &str = r#"// What we have done in an industry, less for those far away.
fn capability_fit(industry, distance_km) {
    let known = #{ steel: 1.0, "machine tools": 0.8, food: 0.4 };
    let fit = 0.1;
    for word in industry.to_lower().split(",") {
        word.trim();
        if word in known && known[word] > fit { fit = known[word]; }
    }
    if distance_km > 500 { fit / 2 } else { fit }
}
"#;

#[cfg(test)]
mod tests {
    use super::{POLICY, SCRIPT};
    use crate::model::Value;
    use crate::policy::{Files, load, render};

    #[test]
    fn the_example_of_the_reference_loads_and_gives_what_it_should() {
        let files = Files {
            policies: [("policy.toml".to_owned(), POLICY.to_owned())].into(),
            scripts: [("fit.rhai".to_owned(), SCRIPT.to_owned())].into(),
        };
        let outcome = load(&files);
        assert!(outcome.diagnostics.is_empty(), "{}", render(&outcome.diagnostics, &files, false));
        let compiled = outcome.compiled.unwrap();
        let fit = |industry: &str, distance: f64| {
            let arguments = [Value::text(industry), Value::Number(distance)];
            compiled.functions[0].call(arguments.into_iter()).unwrap().unwrap().to_string()
        };
        assert_eq!(fit("Food, Machine tools", 20.0), "0.8");
        assert_eq!(fit("steel", 800.0), "0.5");
        assert_eq!(fit("fishing", 1.0), "0.1");
    }
}
