/** The numbers of this moment. */

import { memo, type ReactNode } from "react";
import { Icon } from "../../ui/Icon";
import type { Sample } from "./samples";
import { path, tilesOf, type TileData } from "./tiles";

export function Tiles({ samples }: { samples: readonly Sample[] }): ReactNode {
  return (
    <dl className="tiles" aria-label="Now">
      {tilesOf(samples).map((tile) => (
        <Tile key={tile.id} {...tile} />
      ))}
    </dl>
  );
}

const Tile = memo(function Tile({ id, title, value, note, tone, past }: TileData): ReactNode {
  const line = path(past);
  return (
    <div className="card tile" data-tile={id} data-level={tone}>
      <dt>
        {tone !== "plain" && <Icon name="alert" />}
        {title}
      </dt>
      <dd className="tile-value">{value}</dd>
      <dd className="tile-note">{note}</dd>
      {line && (
        <dd className="tile-past" aria-hidden="true">
          <svg viewBox="0 0 100 24" preserveAspectRatio="none">
            <path d={line} />
          </svg>
        </dd>
      )}
    </div>
  );
});
