//! A browser and its tabs.

use crate::Result;
use chromiumoxide::browser::{Browser, BrowserConfig};
use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetEmulatedMediaParams, SetScriptExecutionDisabledParams,
};
use chromiumoxide::cdp::browser_protocol::log::EventEntryAdded;
use chromiumoxide::cdp::browser_protocol::network::{
    EnableParams as EnableNetwork, EventRequestWillBeSent,
};
use chromiumoxide::cdp::browser_protocol::page::{CaptureScreenshotFormat, PrintToPdfParams};
use chromiumoxide::cdp::js_protocol::runtime::{EventConsoleApiCalled, EventExceptionThrown};
use chromiumoxide::page::ScreenshotParams;
use chromiumoxide::{Command, Page};
use futures_util::StreamExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// The size of the window in pixels.
const WINDOW: (u32, u32) = (1280, 720);

/// The time in which the browser tells what a page did.
const QUIET: Duration = Duration::from_millis(300);

/// A running browser.
pub(crate) struct Chromium {
    browser: Browser,
    events: JoinHandle<()>,
    _profile: tempfile::TempDir,
}

impl Chromium {
    /// Starts the browser without a window.
    pub async fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let program = std::env::var_os("CHROMIUM")
            .map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
        if !program.exists() {
            return Err(
                "there is no Chromium: install Debian's package `chromium`, or set CHROMIUM".into(),
            );
        }
        let config = BrowserConfig::builder()
            .chrome_executable(program)
            .user_data_dir(profile.path())
            .window_size(WINDOW.0, WINDOW.1)
            .viewport(None)
            // Root has no sandbox, and containers have a small /dev/shm. Scroll bars differ between systems.
            .no_sandbox()
            .args(["--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1"])
            .build()?;
        let (browser, mut handler) = Browser::launch(config).await?;
        let events = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Ok(Self { browser, events, _profile: profile })
    }

    /// Opens a page, and listens to what it does.
    pub async fn open(&self, path: &Path) -> Result<Tab> {
        let page = self.browser.new_page("about:blank").await?;
        let _ = page.execute(EnableNetwork::default()).await?;
        let _ = page.enable_log().await?;
        let url = format!("file://{}", path.display());
        let (requests, messages) = (Heard::default(), Heard::default());
        let own = url.clone();
        listen(&page, &requests, move |event: &EventRequestWillBeSent| {
            Some(event.request.url.clone()).filter(|url| *url != own && !url.starts_with("about:"))
        })
        .await?;
        listen(&page, &messages, |event: &EventExceptionThrown| {
            Some(event.exception_details.text.clone())
        })
        .await?;
        listen(&page, &messages, |event: &EventConsoleApiCalled| Some(format!("{:?}", event.args)))
            .await?;
        listen(&page, &messages, |event: &EventEntryAdded| Some(event.entry.text.clone())).await?;
        let _ = page.goto(url).await?;
        let tab = Tab { page, requests, messages };
        tab.scheme("light").await?;
        Ok(tab)
    }

    /// Ends the browser.
    pub async fn stop(mut self) -> Result {
        let _ = self.browser.close().await?;
        let _ = self.browser.wait().await?;
        self.events.abort();
        Ok(())
    }
}

/// Texts that events have.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn add(&self, text: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn listen<E>(
    page: &Page,
    heard: &Heard,
    text: impl Fn(&E) -> Option<String> + Send + 'static,
) -> Result
where
    E: chromiumoxide::cdp::IntoEventKind + Unpin + Send + Sync + 'static,
{
    let mut events = page.event_listener::<E>().await?;
    let heard = heard.clone();
    let _ = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            text(&event).into_iter().for_each(|text| heard.add(text));
        }
    });
    Ok(())
}

/// A page in the browser.
pub(crate) struct Tab {
    page: Page,
    requests: Heard,
    messages: Heard,
}

impl Tab {
    /// Runs a command of the browser's protocol.
    pub async fn execute<C: Command>(&self, command: C) -> Result<C::Response> {
        Ok(self.page.execute(command).await?.result)
    }

    /// Evaluates an expression whose value is text.
    pub async fn value(&self, expression: &str) -> Result<String> {
        Ok(self.page.evaluate_expression(expression).await?.into_value()?)
    }

    /// Returns what the page requested besides itself, and what the console has.
    pub async fn heard(&self) -> (Vec<String>, Vec<String>) {
        tokio::time::sleep(QUIET).await;
        (self.requests.take(), self.messages.take())
    }

    /// Sets whether the user prefers light or dark.
    pub async fn scheme(&self, scheme: &str) -> Result {
        let feature = MediaFeature::new("prefers-color-scheme", scheme);
        let _ = self.page.emulate_media_features(vec![feature]).await?;
        Ok(())
    }

    /// Takes a picture of the window, at the top of the page.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        let _ = self.value("scrollTo(0, 0), document.activeElement.blur(), 'done'").await?;
        self.picture().await
    }

    /// Takes a picture of the window, with the first heading of this text at its top.
    pub async fn picture_from(&self, heading: &str) -> Result<Vec<u8>> {
        let found = format!(
            "[...document.querySelectorAll('h2,h3')].find(e => e.textContent === {heading:?})"
        );
        let _ = self.value(&format!("{found}.scrollIntoView(), 'done'")).await?;
        self.picture().await
    }

    async fn picture(&self) -> Result<Vec<u8>> {
        let params = ScreenshotParams::builder().format(CaptureScreenshotFormat::Png);
        Ok(self.page.screenshot(params.build()).await?)
    }

    /// Returns texts that can hardly be read against their background.
    pub async fn contrasts(&self) -> Result<Vec<String>> {
        let found = self.value(CONTRASTS).await?;
        Ok(serde_json::from_str(&found)?)
    }

    /// Prints the page, and returns what is wrong on paper.
    pub async fn print_problems(&self) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        let pdf = self.page.pdf(PrintToPdfParams::default()).await?;
        if !pdf.starts_with(b"%PDF") || pdf.len() < 10_000 {
            problems.push(format!("its print has {} bytes", pdf.len()));
        }
        let closed =
            self.value("String(document.querySelectorAll('details:not([open])').length)").await?;
        if closed != "0" {
            problems.push(format!("{closed} parts are closed on paper"));
        }
        let print = SetEmulatedMediaParams::builder().media("print").build();
        let _ = self.execute(print).await?;
        let shown = self.value("String([...document.querySelectorAll('.search')].filter(e => getComputedStyle(e).display !== 'none').length)").await?;
        if shown != "0" {
            problems.push("the search is printed".into());
        }
        let cut = self.value("String([...document.querySelectorAll('.scroll')].filter(e => getComputedStyle(e).overflowY !== 'visible').length)").await?;
        if cut != "0" {
            problems.push(format!("{cut} tables are cut on paper"));
        }
        let _ = self.execute(SetEmulatedMediaParams::builder().media("").build()).await?;
        Ok(problems)
    }

    /// Opens the page again with scripts disabled.
    pub async fn without_javascript(&self) -> Result {
        let _ = self.execute(SetScriptExecutionDisabledParams::new(true)).await?;
        let _ = self.page.reload().await?;
        Ok(())
    }

    /// Closes the page.
    pub async fn close(self) -> Result {
        Ok(self.page.close().await?)
    }
}

/// Computes the contrast of a few hundred texts as the guidelines for accessible pages define it.
const CONTRASTS: &str = r#"(() => {
  const light = ([r, g, b]) => {
    const part = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const colour = (text) => text.match(/[\d.]+/g).map(Number);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const own = colour(getComputedStyle(e).backgroundColor);
      if (own.length < 4 || own[3] > 0) return own;
    }
    return [255, 255, 255];
  };
  const problems = new Set();
  const texts = [...document.querySelectorAll("h1,h2,h3,p,a,dt,dd,th,td,code,caption,summary,label,.legend span,h2 span")];
  for (const element of texts.slice(0, 600)) {
    const [a, b] = [light(colour(getComputedStyle(element).color)), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) problems.add(`${element.tagName}.${element.className}: contrast ${contrast.toFixed(1)}`);
  }
  for (const text of [...document.querySelectorAll("svg g")].slice(0, 300)) {
    const label = text.querySelector("text"), rect = text.querySelector("rect");
    if (!label) continue;
    const [a, b] = [light(colour(getComputedStyle(label).fill)), light(colour(getComputedStyle(rect).fill))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) problems.add(`tile ${rect.className.baseVal}: contrast ${contrast.toFixed(1)}`);
  }
  return JSON.stringify([...problems]);
})()"#;
