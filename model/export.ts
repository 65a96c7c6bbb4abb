import { blocks, frames, pressures, refused, type Component } from './transitions.ts';

interface Edge {
  readonly from: string;
  readonly event: string;
  readonly to: string;
}

function edges(component: Component<string, string>): Edge[] {
  return component.states.flatMap((from) =>
    component.events.flatMap((event) => {
      const next = component.next(component.state(from), component.event(event));
      return next === refused ? [] : [{ from, event, to: component.states[next] as string }];
    }),
  );
}

/** The machines as text: Mermaid state diagrams, a Graphviz graph, or JSON. */
export function exportMachines(format: 'mermaid' | 'dot' | 'json'): string {
  const components: Component<string, string>[] = [frames, blocks, pressures];
  if (format === 'json') return JSON.stringify(components.map((component) => ({ name: component.name, initial: String(component.machine.config.initial), states: component.states, transitions: edges(component) })), undefined, 2);
  if (format === 'mermaid') {
    return components
      .map((component) => [`%% ${component.name}`, 'stateDiagram-v2', `  [*] --> ${String(component.machine.config.initial)}`, ...edges(component).map(({ from, event, to }) => `  ${from} --> ${to}: ${event}`)].join('\n'))
      .join('\n\n');
  }
  const clusters = components.map((component, number) => {
    const lines = edges(component).map(({ from, event, to }) => `    "${component.name}.${from}" -> "${component.name}.${to}" [label="${event}"];`);
    const nodes = component.states.map((state) => `    "${component.name}.${state}" [label="${state}"];`);
    return [`  subgraph cluster_${number} {`, `    label="${component.name}";`, ...nodes, ...lines, '  }'].join('\n');
  });
  return ['digraph model {', ...clusters, '}'].join('\n');
}
