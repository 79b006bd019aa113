//! Expressions of GitHub's workflows, as far as the template uses them.

use std::collections::BTreeMap;

/// The values of names such as `inputs.deny`.
pub(super) type Context = BTreeMap<String, String>;

/// Replaces the expressions in a text. Fails with the first that is unknown.
pub(super) fn filled(text: &str, context: &Context) -> crate::Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").ok_or("an expression does not end")?;
        filled += before;
        filled += &value(expression.trim(), context)?;
        rest = after;
    }
    Ok(filled + rest)
}

/// Returns whether a step runs after others have failed, or have not. Fails with the first unknown part.
pub(super) fn holds(condition: &str, context: &Context, has_failed: bool) -> crate::Result<bool> {
    let inner = condition.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    let (mut holds, mut has_status) = (true, false);
    for part in inner.unwrap_or(condition).split("&&").map(str::trim) {
        holds &= match part.split_once(" == ") {
            Some((left, right)) => value(left, context)? == value(right, context)?,
            None if ["!cancelled()", "always()"].contains(&part) => {
                has_status = true;
                true
            }
            None => return Err(format!("an unknown condition: {part}").into()),
        };
    }
    // Without a function of the status, `success()` is a part of each condition.
    Ok(holds && (has_status || !has_failed))
}

fn value(expression: &str, context: &Context) -> crate::Result<String> {
    if let Some(text) = expression.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(text.to_owned());
    }
    let value = context.get(expression).cloned();
    value.ok_or_else(|| format!("an unknown expression: {expression}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        [("inputs.a", "1"), ("github.b", "two")]
            .map(|(key, value)| (key.into(), value.into()))
            .into()
    }

    #[test]
    fn expressions_are_filled_in_or_refused() {
        assert_eq!(filled("x-${{ inputs.a }}-${{github.b}}", &context()).unwrap(), "x-1-two");
        assert_eq!(filled("none", &context()).unwrap(), "none");
        assert!(filled("${{ inputs.c }}", &context()).is_err());
        assert!(filled("${{ inputs.a", &context()).is_err());
    }

    #[test]
    fn conditions_hold_as_on_github() {
        let holds = |condition, has_failed| holds(condition, &context(), has_failed).unwrap();
        assert!(holds("${{ inputs.a == '1' }}", false));
        assert!(!holds("${{ inputs.a == '1' }}", true));
        assert!(holds("${{ !cancelled() && inputs.a == '1' && github.b == 'two' }}", true));
        assert!(!holds("!cancelled() && inputs.a == '2'", false));
        assert!(super::holds("failure()", &context(), false).is_err());
    }
}
