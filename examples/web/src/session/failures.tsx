import { ProblemNote } from '../problem-note';
import { type Failure, useSession } from './session';

/** What could not be loaded: once for each reason, however much it kept from loading. */
export function Failures() {
  const { failures } = useSession();
  const byCode = new Map<string, Failure[]>();
  for (const failure of Object.values(failures)) {
    const { code } = failure.error;
    byCode.set(code, [...(byCode.get(code) ?? []), failure]);
  }
  return [...byCode].map(([code, same]) => {
    const [first] = same;
    return (
      first && (
        <ProblemNote
          key={code}
          error={first.error}
          onRetry={() => {
            for (const { retry } of same) retry();
          }}
        />
      )
    );
  });
}
