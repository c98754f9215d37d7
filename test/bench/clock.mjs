// Before a command line: the instant that it takes for now.
Date.now = () => Number(process.env.BENCH_NOW);
