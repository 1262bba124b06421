/** What a dialog answers when its Back button is pressed. */
export const back = Symbol("back");

/** An answer, or the wish to go one question back. Esc is an `AbortError`, which nobody shows. */
export type Answer<T> = T | typeof back;

/** Where a question stands among its sisters; a dialog shows it. */
export interface Place {
  readonly title: string;
  /** From 1 on. */
  readonly step: number;
  readonly total: number;
  readonly canGoBack: boolean;
}

/** One of several questions. It gets all answers so far, also its own earlier one, and gives them back with its own. */
export interface Question<A> {
  /** False: it need not be asked. */
  isAsked?(answers: A): boolean;
  ask(answers: A, place: Place): Promise<Answer<A>>;
}

/** Asks one question after another, with Back between them. Esc ends all of it with an `AbortError`. */
export async function askAll<A>(title: string, questions: readonly Question<A>[], start: A): Promise<A> {
  const asked: number[] = [];
  let answers = start;
  let index = 0;
  for (;;) {
    const question = questions[index];
    if (!question) {
      return answers;
    }
    if (question.isAsked && !question.isAsked(answers)) {
      index += 1;
      continue;
    }
    const remaining = questions.slice(index).filter((other) => other.isAsked?.(answers) !== false).length;
    const step = asked.length + 1;
    const place = { title, step, total: asked.length + remaining, canGoBack: asked.length > 0 };
    const answer = await question.ask(answers, place);
    if (answer === back) {
      index = asked.pop() ?? 0;
      continue;
    }
    answers = answer;
    asked.push(index);
    index += 1;
  }
}

/** The place of a question that stands alone. */
export function alone(title: string): Place {
  return { title, step: 1, total: 1, canGoBack: false };
}

/** What Esc throws. */
export function cancelled(): Error {
  return new DOMException("The person closed the dialog.", "AbortError");
}

/** An answer to a question that has no Back button. */
export function only<T>(answer: Answer<T>): T {
  if (answer === back) {
    throw cancelled();
  }
  return answer;
}
