import { ConfigError, inspectConfig } from '../config/config.js';
import { loadEnvFile } from '../config/env-file.js';

/**
 * Reads `.env`, the environment and the files that it names: prompts, models and trusted documents. Throws a ConfigError that lists the
 * problems of all of them.
 */
export async function readConfiguration() {
  const envFile = loadEnvFile();
  const { config, problems, misspelt } = inspectConfig();
  // Loaded here, so that options such as --version do not wait for it.
  const { checkPrompts } = await import('../prompts/prompt-folder.js');
  const { ModelList } = await import('../pricing/model-list.js');
  const list = await ModelList.read(config);
  const found = await checkPrompts(config, list.models);
  const { documentsProblems } = await import('../operations/trusted-documents.js');
  const documents = documentsProblems(config.trustedDocuments);
  const all = [...problems, ...list.problems, ...found.problems, ...documents];
  if (all.length > 0) throw new ConfigError([...all, ...misspelt]);
  const notices = [...(envFile ? [envFile] : []), ...config.notices];
  const wanting = found.prompts.filter(({ keepWarm }) => keepWarm).map(({ name }) => name);
  if (config.prompts.keepWarmTokensPerDay === 0 && wanting.length > 0) {
    notices.push(
      `KEEP_WARM_TOKENS_PER_DAY is 0, so no context is kept warm. These prompts ask for it: ${wanting.join(', ')}.`,
    );
  }
  return { config, notices, prompts: found.prompts };
}
