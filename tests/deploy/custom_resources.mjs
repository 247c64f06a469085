// Checks custom resources of the Prometheus operator against its types: JSON documents as an array on stdin.
// Prints a line for each that is refused, and exits 1 then. Run where node_modules is.
import { readFileSync } from "node:fs";
import * as models from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";

let refused = 0;
for (const document of JSON.parse(readFileSync(0, "utf-8"))) {
  const name = `${document.kind} ${document.metadata.name}`;
  try {
    new models[document.kind](document).validate();
    console.log(`taken: ${name}`);
  } catch (error) {
    refused += 1;
    console.log(`refused: ${name}: ${error.message}`);
  }
}
process.exit(refused ? 1 : 0);
