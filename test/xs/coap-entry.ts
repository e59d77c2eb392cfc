/** Runs the board's C for CoAP messages over the cases of a file, for test/xs/coap.test.ts. */

import { readText } from "../../boards/linux/modules/files.js";
import { args, print } from "../../boards/linux/modules/process.js";
import * as codec from "../../firmware/native/coap-message.js";
import * as bytes from "../../protocol/bytes.js";
import { answer, type CoapCase } from "./coap-case.js";

for (const line of readText(args()[0])!.trim().split("\n")) {
  print(JSON.stringify(answer(codec, bytes, JSON.parse(line) as CoapCase)));
}
