// Grafana's own types against the dashboards as they are in the files. Nothing here runs: tsc judges.
import type { Dashboard, FieldConfig, Panel } from "@grafana/schema";
import type * as bargauge from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type * as piechart from "@grafana/schema/dist/esm/raw/composable/piechart/panelcfg/x/PieChartPanelCfg_types.gen";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as statetimeline from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as timeseries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

// JSON has no enums: a member stands there by its value.
type Plain<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
  : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

// A panel of one kind: Grafana's panel, with the options and the custom field configuration of that kind.
type Of<Kind extends string, Options, Custom = object> =
  Omit<Plain<Panel>, "type" | "options" | "fieldConfig"> & {
    type: Kind;
    options: Partial<Plain<Options>>;
    fieldConfig: {
      defaults: Omit<Plain<FieldConfig>, "custom"> & { custom?: Partial<Plain<Custom>> };
      overrides: NonNullable<Plain<Panel>["fieldConfig"]>["overrides"];
    };
  };

type Row = { type: "row"; title: string; collapsed: boolean; id: number; panels: []; gridPos: Plain<Panel>["gridPos"] };

export type KnownPanel =
  | Row
  | Of<"stat", stat.Options>
  | Of<"bargauge", bargauge.Options>
  | Of<"piechart", piechart.Options, piechart.FieldConfig>
  | Of<"table", table.Options, table.FieldConfig>
  | Of<"timeseries", timeseries.Options, timeseries.FieldConfig>
  | Of<"state-timeline", statetimeline.Options, statetimeline.FieldConfig>;

// What the Prometheus data source adds to an annotation.
type OfPrometheus = { expr: string; step: string; titleFormat: string; textFormat: string; useValueForTime: boolean };
type Annotation = NonNullable<NonNullable<Plain<Dashboard>["annotations"]>["list"]>[number] & OfPrometheus;

export type KnownDashboard = Omit<Plain<Dashboard>, "panels" | "annotations"> & {
  panels: KnownPanel[];
  annotations: { list: Annotation[] };
};
