import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file of models that is removed at the end of the test. */
export class ModelsFile implements Disposable {
  private readonly folder = mkdtempSync(join(tmpdir(), 'models-'));
  readonly path = join(this.folder, 'models.yaml');

  constructor(input = '0.80') {
    this.write(input);
  }

  write(input: string): void {
    const prices = `{ input: ${input}, cachedInput: 0.16, output: 2.00, storagePerHour: 0.017 }`;
    this.writeText(`currency: CNY\nmodels:\n  Doubao-*: ${prices}\n`);
  }

  writeText(text: string): void {
    writeFileSync(this.path, text);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
