import { readFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { collectProblems } from './browser.js';

/** For one step on a slow machine; each waits for a state and goes on at once. */
const STEP_MS = 60_000;
const AXE = 'node_modules/axe-core/axe.min.js';

/** The example page in a browser, as a person finds their way on it: by role and name. */
export class ChatPage implements AsyncDisposable {
  readonly problems: string[];

  private constructor(readonly page: Page) {
    this.problems = collectProblems(page);
  }

  static async open(
    browser: Browser,
    server: { origin: string },
    { now, ...options }: BrowserContextOptions & { now?: number } = {},
  ): Promise<ChatPage> {
    const context = await browser.newContext({ locale: 'en-US', reducedMotion: 'reduce', ...options });
    const chat = new ChatPage(await context.newPage());
    chat.page.setDefaultTimeout(STEP_MS);
    if (now !== undefined) await chat.page.clock.setFixedTime(now);
    await chat.page.goto(server.origin);
    await chat.byHand.waitFor();
    return chat;
  }

  /** Another tab of the same browser. */
  async openTab(server: { origin: string }): Promise<ChatPage> {
    const tab = new ChatPage(await this.page.context().newPage());
    await tab.page.goto(server.origin);
    await tab.byHand.waitFor();
    return tab;
  }

  button(name: string | RegExp, within = 'body'): Locator {
    return this.page.locator(within).getByRole('button', { name, exact: true });
  }

  get question(): Locator {
    return this.page.getByRole('textbox', { name: /^(Your question|您的问题)$/ });
  }

  /** Opens the form for a context. */
  get byHand(): Locator {
    return this.page.locator('summary', { hasText: /^(Write a persona yourself|自己写人设)$/ });
  }

  get prompts(): Locator {
    return this.page.getByRole('region', { name: /^(Choose a prompt|选择一个提示词)/ }).getByRole('button');
  }

  get conversations(): Locator {
    return this.page.getByRole('list', { name: /^(Conversations|对话记录)$/ }).getByRole('listitem');
  }

  /** The items of the secondary list, once it is unfolded. */
  get contexts(): Locator {
    return this.page.getByRole('list', { name: /^(Contexts|上下文)$/ }).getByRole('listitem');
  }

  async unfoldContexts(): Promise<void> {
    await this.page.locator('summary', { hasText: /^(Contexts|上下文)/ }).click();
  }

  get alerts(): Locator {
    return this.page.getByRole('alert');
  }

  get questions(): Locator {
    return this.page.locator('.question');
  }

  /** The id of what has the focus. */
  get focus(): Promise<string | null> {
    return this.page.evaluate(() => document.activeElement?.id ?? null);
  }

  get answers(): Locator {
    return this.page.locator('.answer');
  }

  /** The bars below the answers. */
  get bars(): Locator {
    return this.answers.locator('svg[role=img]');
  }

  /** What a screen reader is told without asking. */
  get announcement(): Locator {
    return this.page.locator('.chat [role=status]');
  }

  async create(persona: string, mode: 'Session' | 'Common prefix' = 'Session'): Promise<void> {
    const field = this.page.getByRole('textbox', { name: 'Persona' });
    await this.byHand.waitFor();
    if (!(await field.isVisible())) await this.byHand.click();
    await this.page.locator('#model option').first().waitFor({ state: 'attached' });
    await field.fill(persona);
    await this.page.getByRole('radio', { name: mode }).check();
    await this.button('Create context').click();
    await this.question.waitFor();
  }

  /** Asks, without waiting for the answer. */
  async begin(question: string): Promise<void> {
    await this.question.fill(question);
    await this.question.press('Enter');
  }

  /** Asks, and waits until the answer has ended and its bar is drawn. */
  async ask(question: string): Promise<void> {
    const count = await this.bars.count();
    await this.begin(question);
    await this.bars.nth(count).waitFor();
  }

  /** Tab after Tab, at most 40, until the focus is on what is so named; each stop has to be seen. */
  async tabTo(name: RegExp): Promise<void> {
    for (let stops = 0; stops < 40; stops++) {
      await this.page.keyboard.press('Tab');
      const focus = await this.page.evaluate(describeFocus);
      if (focus.text !== '' && focus.outline === 'none') throw new Error(`no outline on ${focus.text}`);
      if (name.test(focus.text)) return;
    }
    throw new Error(`the Tab key does not lead to ${name}`);
  }

  /** How far the page is wider than the window, in pixels. */
  async overflow(): Promise<number> {
    const width = await this.page.evaluate(() => document.documentElement.scrollWidth);
    // Not the page's own innerWidth, which grows on a phone with what is too wide.
    return width - (this.page.viewportSize()?.width ?? 0);
  }

  /** What axe finds wrong, one line each. */
  async violations(): Promise<string[]> {
    await this.page.evaluate(readFileSync(AXE, 'utf8'));
    return this.page.evaluate(async () => {
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}

declare const axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };

function describeFocus(): { text: string; outline: string } {
  const focused = document.activeElement as HTMLElement;
  if (focused === document.body) return { text: '', outline: 'none' };
  const labels = (focused as HTMLInputElement).labels ?? [];
  const text = [focused, ...labels].map((element) => element.textContent).join(' ');
  const ring = focused.closest('.choice') ?? focused;
  return { text: text.trim() || focused.tagName, outline: getComputedStyle(ring).outlineStyle };
}
