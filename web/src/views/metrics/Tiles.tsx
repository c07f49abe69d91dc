/** Figures, each with the way to what it counts. */

import { memo, type ReactNode } from "react";
import { Icon } from "../../ui/Icon";
import { Link } from "../../shell/router";
import { path, type TileData } from "./tiles";

export function Tiles({ tiles, label }: { tiles: readonly TileData[]; label: string }): ReactNode {
  return (
    <dl className="tiles" aria-label={label}>
      {tiles.map((tile) => (
        <Tile key={tile.id} {...tile} />
      ))}
    </dl>
  );
}

const Tile = memo(function Tile({ id, title, value, note, tone, href, past }: TileData): ReactNode {
  const line = path(past);
  return (
    <div className="card tile" data-tile={id} data-level={tone}>
      <dt>
        {tone !== "plain" && <Icon name="alert" />}
        {href ? (
          <Link className="tile-link" to={href}>
            {title}
          </Link>
        ) : (
          title
        )}
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
