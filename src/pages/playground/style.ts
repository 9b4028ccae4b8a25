/**
 * GraphiQL's tabs keep the transform of their entrance animation and move when clicked, so that the click misses them. On a narrow
 * screen its parts stand below each other.
 */
export const STYLE = `
.graphiql-tab { transform: none !important; }
.graphiql-container .graphiql-logo { display: none; }
.graphiql-container .graphiql-session-header { padding-inline-end: 10rem; }
#history { position: fixed; z-index: 1; inset: 18px 20px auto auto; width: 9rem; padding: 4px; font: inherit; }
@media (max-width: 40rem) {
  #root .graphiql-container { flex-direction: column; height: 100dvh; overflow: hidden auto; }
  #root .graphiql-container .graphiql-container { height: auto; overflow: visible; }
  .graphiql-container .graphiql-sidebar { flex-direction: row; width: auto; }
  .graphiql-container .graphiql-main { display: block; flex: none; width: 100%; }
  .graphiql-container .graphiql-sessions { display: grid; grid-template-columns: minmax(0, 1fr); height: auto; margin: 0; }
  .graphiql-container .graphiql-session-header { height: auto; padding-inline-end: 0; min-width: 0; overflow: auto hidden; }
  .graphiql-container .graphiql-horizontal-drag-bar { display: none; }
  #history { inset: 16px 12px auto auto; width: 6rem; }
  .graphiql-container #graphiql-session { display: grid; grid-template-columns: minmax(0, 1fr); height: auto; padding: 8px; }
  .graphiql-container #graphiql-session > .graphiql-editors, .graphiql-container #graphiql-session > .graphiql-response { position: relative; min-width: 0; height: 80dvh; overflow: hidden; }
}
`;
