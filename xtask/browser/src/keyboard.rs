//! The page with the keyboard alone.

use crate::Result;
use crate::pages::Made;
use crate::tab::Tab;
use chromiumoxide::cdp::browser_protocol::input::{
    DispatchKeyEventParams, DispatchKeyEventType, InsertTextParams,
};

/// The number of times that Tab is pressed until the treemap must have the focus.
const MOST_STEPS: usize = 400;

/// Returns what does not work with the keyboard.
pub(crate) async fn problems(tab: &Tab, page: &Made) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    press(tab, "Tab", 9).await?;
    let first = focused(tab).await?;
    if first != "A.skip" {
        problems
            .push(format!("Tab reaches {first} first, and not the link that skips to the assets"));
    }
    let Some(function) = page.function else { return Ok(problems) };
    let mut steps = 0;
    while !focused(tab).await?.starts_with("g.") {
        press(tab, "Tab", 9).await?;
        steps += 1;
        if steps > MOST_STEPS {
            problems.push("Tab does not reach the treemap".into());
            return Ok(problems);
        }
    }
    let label = "document.activeElement.getAttribute('aria-label')";
    let before = tab.value(label).await?;
    press(tab, "ArrowRight", 39).await?;
    let after = tab.value(label).await?;
    if before == after {
        problems.push("an arrow does not reach the next rectangle".into());
    }
    // To a rectangle that is a function.
    for _ in 0..20 {
        if tab.value("String(document.activeElement.dataset.f !== undefined)").await? == "true" {
            break;
        }
        press(tab, "ArrowRight", 39).await?;
    }
    press(tab, "Enter", 13).await?;
    if focused(tab).await? != "INPUT." {
        problems.push("Enter on a rectangle does not search its function".into());
        return Ok(problems);
    }
    let shown =
        "String(document.querySelectorAll('table[id^=table-] tbody tr:not([hidden])').length)";
    let all =
        tab.value("String(document.querySelectorAll('table[id^=table-] tbody tr').length)").await?;
    let found = tab.value(shown).await?;
    if found == all || found == "0" {
        problems.push(format!("the search for a rectangle shows {found} of {all} rows"));
    }
    let _ = tab.value("document.activeElement.select(), 'done'").await?;
    let _ = tab.execute(InsertTextParams::new(function)).await?;
    let rows = tab.value("[...document.querySelectorAll('table[id^=table-] tbody tr:not([hidden]) th')].map(e => e.textContent).join(' ')").await?;
    if !rows.contains(function) {
        problems.push(format!("the search for {function} shows {rows:?}"));
    }
    let said = tab.value("document.querySelector('.search output').textContent").await?;
    if !said.contains(" of ") {
        problems.push(format!("the number of rows that are found is not said: {said:?}"));
    }
    let _ = tab.value("(() => { const i = document.querySelector('.search input'); i.value = ''; i.dispatchEvent(new Event('input')); return 'done'; })()").await?;
    Ok(problems)
}

/// Returns tag and class of the focused element.
async fn focused(tab: &Tab) -> Result<String> {
    tab.value("(e => `${e.tagName}.${typeof e.className === 'string' ? e.className : ''}`)(document.activeElement)").await
}

async fn press(tab: &Tab, key: &str, code: i64) -> Result {
    for kind in [DispatchKeyEventType::RawKeyDown, DispatchKeyEventType::KeyUp] {
        let event = DispatchKeyEventParams::builder()
            .r#type(kind)
            .key(key)
            .code(key)
            .windows_virtual_key_code(code);
        let _ = tab.execute(event.build()?).await?;
    }
    Ok(())
}
