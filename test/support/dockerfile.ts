import { readFileSync } from 'node:fs';
import dockerignore from '@balena/dockerignore';
import { DockerfileParser, type Instruction, ModifiableInstruction } from 'dockerfile-ast';

export interface Stage {
  /** As later stages name it. */
  name: string;
  steps: Step[];
}

export interface Step {
  keyword: string;
  /** Without flags, as it stands. */
  text: string;
  flags: Record<string, string>;
}

/** The project's Dockerfile, stage by stage. */
export function readDockerfile(): Stage[] {
  const dockerfile = DockerfileParser.parse(readFileSync('Dockerfile', 'utf8'));
  const stages: Stage[] = [];
  for (const instruction of dockerfile.getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const [, name] = / AS (\S+)/i.exec(instruction.toString()) ?? [];
      stages.push({ name: name ?? 'final', steps: [] });
    }
    stages.at(-1)?.steps.push(toStep(instruction));
  }
  return stages;
}

function toStep(instruction: Instruction): Step {
  const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags() : [];
  return {
    keyword: instruction.getKeyword(),
    text: (instruction.getRawArgumentsContent() ?? '').replace(/\\\n\s*/g, ''),
    flags: Object.fromEntries(flags.map((flag) => [flag.getName(), flag.getValue() ?? ''])),
  };
}

/** The last of this kind in the image that is run. */
export function lastOf(stages: Stage[], keyword: string): Step | undefined {
  return stages.at(-1)?.steps.findLast((step) => step.keyword === keyword);
}

/** Of the image that is run. */
export function environmentOf(stages: Stage[]): Record<string, string> {
  const steps = stages.at(-1)?.steps.filter(({ keyword }) => keyword === 'ENV') ?? [];
  return Object.fromEntries(
    steps.flatMap(({ text }) => text.split(/\s+/).map((pair) => pair.split(/=(.*)/))),
  );
}

/** Whether a file of the project is sent to Docker. */
export function isSent(path: string): boolean {
  return !ignore.ignores(path);
}

// Its types tell of a default export, which the module itself is.
const newIgnore = dockerignore as unknown as typeof dockerignore.default;
const ignore = newIgnore().add(readFileSync('.dockerignore', 'utf8'));
