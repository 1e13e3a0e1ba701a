// The page of `relevome view`: what is known of all sequences comes at once, letters and relevance when they are seen.

import { fromBytes, type Data } from "./data/data";
import { FetchedSource } from "./data/fetched";
import { begin } from "./page";

const ENDED = "relevome view has ended, or cannot be reached: start it again";

// The answer to a question, of the same program that gave the page.
async function ask(what: string): Promise<ArrayBuffer> {
  let answer: Response;
  try {
    answer = await fetch(what, { credentials: "omit", cache: "no-store", redirect: "error" });
  } catch {
    throw new Error(ENDED);
  }
  if (!answer.ok) throw new Error(await answer.text());
  return answer.arrayBuffer();
}

void begin(
  async () => fromBytes(await ask("content")) as Data,
  (data, said) => new FetchedSource(data.array(said.lengths), said, ask), "start relevome view again");
