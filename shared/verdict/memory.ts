// Answers of a pure function, kept for the next time it is asked the same.

const KEPT = 50_000;

/** Makes a memory; it forgets all when it has grown to 50,000 answers. */
export function makeMemory<Answer>(): (question: string, compute: () => Answer) => Answer {
  const answers = new Map<string, Answer>();
  return (question, compute) => {
    const known = answers.get(question);
    if (known !== undefined || answers.has(question)) return known as Answer;
    if (answers.size >= KEPT) answers.clear();
    const answer = compute();
    answers.set(question, answer);
    return answer;
  };
}
