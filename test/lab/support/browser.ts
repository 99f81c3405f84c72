import { join } from 'node:path';
import { chromium, type Locator, type Page } from 'playwright-core';

/** What a person does with a run in the Temporal Web UI, done by a real browser. */
export interface RunPage {
  /** Everything the tab "User Metadata" shows of this run: summary, details, current details. */
  metadata(): Promise<string>;
  history(): Promise<void>;
  sendSignal(handler: string, payload: unknown): Promise<void>;
  /** Returns the dialog's own words when the update was refused. */
  sendUpdate(handler: string, payload: unknown): Promise<{ refusal: string | undefined }>;
  screenshot(name: string): Promise<void>;
}

export interface Browser extends AsyncDisposable {
  openRun(workflowId: string, runId: string): Promise<RunPage>;
}

/** Without the background flags Chromium looks up its maker's hosts at every start, which a closed network makes slow. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** `uiUrl` as the dev server says it; screenshots are written to `screenshots`. */
export async function launchBrowser(uiUrl: string, screenshots: string): Promise<Browser> {
  const chrome = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
  return {
    openRun: async (workflowId, runId) => {
      // The page stays blank without the run id.
      const base = `${uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}`;
      const page = await chrome.newPage({ viewport: { width: 1400, height: 1100 } });
      await goTo(page, `${base}/user-metadata`);
      return runPage(page, base, screenshots);
    },
    [Symbol.asyncDispose]: () => chrome.close(),
  };
}

function runPage(page: Page, base: string, screenshots: string): RunPage {
  return {
    metadata: async () => {
      await goTo(page, `${base}/user-metadata`);
      return renderedMarkdown(page);
    },
    history: () => goTo(page, `${base}/history`),
    sendSignal: async (handler, payload) => {
      const dialog = await openDialog(page, 'Send a Signal', 'signal');
      await choose(dialog, 'signal', handler);
      await fillPayload(page, payload);
      await submit(dialog);
      await dialog.waitFor({ state: 'hidden' });
    },
    sendUpdate: async (handler, payload) => {
      const dialog = await openDialog(page, 'Send an Update', 'update');
      await choose(dialog, 'update', handler);
      await fillPayload(page, payload);
      await submit(dialog);
      return { refusal: await refusalIn(dialog) };
    },
    screenshot: async (name) => {
      await page.screenshot({ path: join(screenshots, `${name}.png`) });
    },
  };
}

async function goTo(page: Page, url: string): Promise<void> {
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  // Buttons and dialogs stand twice in the document, once for narrow screens: only the visible one is real.
  await visible(page, 'button', 'More Actions').waitFor();
}

/**
 * The Web UI renders each piece of Markdown in an iframe of its own, one after another, and its page never falls
 * silent (it polls): what is there is complete when two looks in a row see the same.
 */
async function renderedMarkdown(page: Page): Promise<string> {
  for (let before: string | undefined; ;) {
    const frames = page.frames().filter((frame) => frame.url().includes('/render?'));
    // A frame goes away when its text changes: then this look does not count.
    const texts = await Promise.all(
      frames.map((frame) =>
        frame
          .locator('body')
          .innerText()
          .catch(() => ''),
      ),
    );
    const now = texts.join('\n');
    if (now.trim() && now === before && texts.every(Boolean)) return now;
    before = now;
    await page.waitForTimeout(400);
  }
}

async function openDialog(page: Page, item: string, kind: 'signal' | 'update'): Promise<Locator> {
  await visible(page, 'button', 'More Actions').click();
  await visible(page, '[role=menuitem]', item).click();
  const dialog = page.locator(`#${kind}-confirmation-modal[open]`);
  await dialog.waitFor();
  return dialog;
}

async function choose(dialog: Locator, kind: 'signal' | 'update', handler: string): Promise<void> {
  await dialog.locator(`button[aria-controls="${kind}-select-select"]`).click();
  await dialog
    .locator('[role=option]:visible')
    .filter({ has: dialog.page().locator(`span:text-is("${handler}")`) })
    .click();
}

async function fillPayload(page: Page, payload: unknown): Promise<void> {
  const editor = page.locator('dialog[open] [role=textbox][data-language=json]');
  await editor.click();
  await editor.fill(JSON.stringify(payload));
}

/**
 * A press while the JSON editor has the focus is swallowed: the editor re-formats its text and nothing is sent. So a
 * person presses twice, and so do we. (A click elsewhere in the dialog does not help: it closes the dialog.)
 */
async function submit(dialog: Locator): Promise<void> {
  const button = dialog.locator('button[type=submit]');
  const sent = dialog.page().waitForRequest((request) => /\/(signal|update)\//.test(request.url()));
  sent.catch(() => {});
  await button.click();
  const answer = await Promise.race([sent, dialog.page().waitForTimeout(1000)]);
  if (!answer) await button.click();
  await sent;
}

/** The dialog closes when the update was accepted and stays, with the reason, when it was not. */
async function refusalIn(dialog: Locator): Promise<string | undefined> {
  const alert = dialog.locator('div[role=alert]').filter({ hasText: /\S/ });
  const closed = dialog.waitFor({ state: 'hidden' }).then(() => undefined);
  const refused = alert.waitFor().then(() => alert.innerText());
  closed.catch(() => {});
  refused.catch(() => {});
  return Promise.any([closed, refused]);
}

function visible(page: Page, selector: string, text: string): Locator {
  return page.locator(`${selector}:visible`, { hasText: text }).first();
}
