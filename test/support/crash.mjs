// Loaded before a server by the tests: lets signals bring out errors that nobody catches.
process.on('SIGUSR2', () => JSON.parse('canary-thrown'));
process.on('SIGWINCH', () => void Promise.reject({ prompt: 'canary-rejected' }));
