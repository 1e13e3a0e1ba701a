// The page of `relevome report`: all of it is in one file.

import { unpacked } from "./data/data";
import { EmbeddedSource } from "./data/embedded";
import { begin } from "./page";

const kept = document.getElementById("data")!;

void begin(async () => {
  const data = await unpacked(kept.textContent ?? "");
  kept.remove();
  return data;
}, (data, said) => new EmbeddedSource(data, said), "its file may be incomplete, or the browser older than 2023");
