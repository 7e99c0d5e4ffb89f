//! A real browser, Debian's chromium, driven as `WebDriver` has it; with what its own protocol adds: pictures of whole pages,
//! and light or dark.
//!
//! Not here: what is on the pages.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

use crate::program::Program;
use crate::tools::{free_port, machine_program, node_modules, skip, target_folder};
use crate::waiting::PATIENCE;

/// Nothing but what a page needs, and nothing that talks to its makers.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// Between two looks whether another page is there.
const PAUSE: Duration = Duration::from_millis(20);

/// How high the window is; pictures are as high as the page.
const HEIGHT: u32 = 900;

/// The highest picture: what is below says nothing new.
const PICTURE_HEIGHT_MAX: u64 = 6_000;

/// A browser with nothing in it.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    width: u32,
    /// The browser's own process: a driver that is ended leaves it behind.
    process: Option<Pid>,
    _driver: Program,
    _profile: TempDir,
}

impl Browser {
    /// Starts one, or notes why `test` is skipped.
    pub async fn start(test: &str) -> Option<Self> {
        let (Some(_), Some(driver)) = (machine_program("chromium"), machine_program("chromedriver")) else {
            skip(&format!("{test}: the Debian packages chromium and chromium-driver are not installed"));
            return None;
        };
        let (port, profile) = (free_port(), TempDir::new().expect("make a folder for the browser"));
        let mut driver = Program::start_parent(Command::new(driver).arg(format!("--port={port}")));
        driver.listens_on(port).await;
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let Value::Object(wanted) = json!({"goog:chromeOptions": {"args": arguments}}) else { return None };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("start the browser");
        let process = client.capabilities().and_then(|said| said.get("goog:processID")?.as_i64());
        let process = process.and_then(|number| Pid::from_raw(i32::try_from(number).ok()?));
        let mut browser = Self { client, width: 0, process, _driver: driver, _profile: profile };
        browser.is_wide(1280).await;
        Some(browser)
    }

    /// Ends it.
    pub async fn close(mut self) {
        self.client.clone().close().await.expect("end the browser");
        self.process = None;
    }

    /// Opens an address.
    pub async fn goes_to(&self, url: &str) {
        self.client.goto(url).await.expect("open a page");
    }

    /// Where it is.
    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("know the address").to_string()
    }

    /// Types into a field, in place of what stood there.
    pub async fn types(&self, field: &str, text: &str) {
        let field = self.client.find(Locator::Id(field)).await.expect("find a field");
        field.clear().await.expect("empty a field");
        field.send_keys(text).await.expect("type");
    }

    /// Presses the button, or follows the link, that has this text, and waits for the page that it leads to.
    pub async fn presses(&self, text: &str) {
        // The driver waits for a page that has begun to come, and a server may take its time before that.
        self.runs("window.isOld = true", vec![]).await;
        self.clicks(&format!("(//main//button[{0}] | //main//a[{0}])[1]", is(text))).await;
        let started = Instant::now();
        let is_new = "return window.isOld !== true && document.readyState === 'complete'";
        // While one page gives way to the other, there is none to ask.
        while !matches!(self.client.execute(is_new, vec![]).await, Ok(Value::Bool(true))) {
            assert!(started.elapsed() < PATIENCE, "{text} leads nowhere");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Opens the part of the page that is folded behind this text.
    pub async fn unfolds(&self, text: &str) {
        self.clicks(&format!("//main//summary[{}]", is(text))).await;
    }

    async fn clicks(&self, path: &str) {
        let found = self.client.find(Locator::XPath(path)).await;
        found.unwrap_or_else(|error| panic!("find {path}: {error}")).click().await.expect("click");
    }

    /// The text of the first element of a kind, as people see it.
    pub async fn reads(&self, css: &str) -> String {
        let Ok(found) = self.client.find(Locator::Css(css)).await else {
            let page = self.runs("return document.body.innerText", vec![]).await;
            panic!("there is no {css} at {}:\n{}", self.url().await, page.as_str().unwrap_or_default());
        };
        found.text().await.expect("read it")
    }

    /// The addresses of all links in the main part of the page.
    pub async fn links(&self) -> Vec<String> {
        let found =
            self.runs("return Array.from(document.querySelectorAll('a[href]'), a => a.href)", vec![]).await;
        let links = found.as_array().cloned().unwrap_or_default();
        links.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The texts that a script gives: what it finds wrong with the page.
    pub async fn finds(&self, script: &str) -> Vec<String> {
        let found = self.runs(script, vec![]).await;
        let found = found.as_array().unwrap_or_else(|| panic!("no list: {found}"));
        found.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect()
    }

    /// What a script gives, that the page itself may not have.
    async fn runs(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.expect("run a script")
    }

    /// Makes the window this wide.
    pub async fn is_wide(&mut self, width: u32) {
        let size = json!({"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false});
        self.says("Emulation.setDeviceMetricsOverride", size).await;
        self.width = width;
    }

    /// Prefers `light` or `dark`.
    pub async fn prefers(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.says("Emulation.setEmulatedMedia", features).await;
    }

    /// Takes a picture of the whole page, and keeps it in `target/screenshots`. Nothing may stick out at the side.
    pub async fn takes_picture(&self, name: &str) {
        let size = "return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]";
        let size = self.runs(size, vec![]).await;
        let (width, height) = (size[0].as_u64().expect("a width"), size[1].as_u64().expect("a height"));
        assert!(width <= self.width.into(), "{name} is {width} pixels wide, in a window of {}", self.width);
        let clip = json!({"x": 0, "y": 0, "width": self.width, "height": height.min(PICTURE_HEIGHT_MAX), "scale": 1});
        let picture =
            self.says("Page.captureScreenshot", json!({"captureBeyondViewport": true, "clip": clip})).await;
        let picture = STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64");
        let folder = target_folder().join("screenshots");
        std::fs::create_dir_all(&folder).expect("make a folder for pictures");
        std::fs::write(folder.join(format!("{name}-{}.png", self.width)), picture).expect("keep a picture");
    }

    /// What axe-core finds to keep people out of the page: a line for each, with where it is. `None` where it is not
    /// installed.
    pub async fn barriers(&self) -> Option<Vec<String>> {
        const RUN: &str = "const done = arguments[arguments.length - 1]; \
             axe.run(document).then(found => done(found.violations.map(one => one.id + ': ' + \
             one.nodes.map(node => node.target.join(' ') + ' ' + node.failureSummary).join('; '))))";
        let axe = std::fs::read_to_string(axe()?).expect("read axe-core");
        self.runs(&axe, vec![]).await;
        let found = self.client.execute_async(RUN, vec![]).await.expect("run axe-core");
        let found = found.as_array().cloned().unwrap_or_default();
        Some(found.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    async fn says(&self, command: &'static str, parameters: Value) -> Value {
        self.client.issue_cmd(Chromium { command, parameters }).await.expect("speak to the browser")
    }
}

/// After a test that failed in the middle.
impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(process) = self.process {
            // It may have ended by itself.
            let _ = kill_process(process, Signal::TERM);
        }
    }
}

/// The words of `XPath` for an element with this text.
fn is(text: &str) -> String {
    format!("normalize-space()='{text}'")
}

/// The one file of axe-core, if `tests/run` has brought it.
fn axe() -> Option<PathBuf> {
    Some(node_modules("axe-core")?.join("node_modules/axe-core/axe.min.js"))
}

/// A command of chromium's own protocol (<https://chromedevtools.github.io/devtools-protocol/>).
#[derive(Debug)]
struct Chromium {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Chromium {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({"cmd": self.command, "params": self.parameters});
        (Method::POST, Some(body.to_string()))
    }
}
