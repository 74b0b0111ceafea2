package zone

import (
	"math"

	"github.com/waystone-mmo/waystone/internal/game/data"
)

// grid divides a zone into square cells, so that looking around costs what is
// near and not what there is. Every entity's place lies within the zone's
// bounds. A row has no memory until an entity comes into it.
type grid struct {
	origin     data.Point
	edge       float64 // of a cell
	reach      int     // cells beside its own that an entity looks at
	cols, rows int
	cells      [][]cell // by row and column
}

type cell []*entity

func newGrid(z *data.Zone) grid {
	g := grid{origin: z.Min, edge: z.Sight.Cell}
	g.reach = int(math.Ceil(z.Sight.Radius / g.edge))
	g.cols = int(math.Floor((z.Max.X-z.Min.X)/g.edge)) + 1
	g.rows = int(math.Floor((z.Max.Y-z.Min.Y)/g.edge)) + 1
	return g
}

func (g *grid) col(x float64) int { return clamp(int((x-g.origin.X)/g.edge), g.cols) }
func (g *grid) row(y float64) int { return clamp(int((y-g.origin.Y)/g.edge), g.rows) }

func clamp(i, n int) int { return max(0, min(i, n-1)) }

// add files an entity under the cell of a place.
func (g *grid) add(e *entity, p data.Point) { g.file(e, g.col(p.X), g.row(p.Y)) }

// move files an entity under the cell of a place instead of the one before.
func (g *grid) move(e *entity, p data.Point) {
	if col, row := g.col(p.X), g.row(p.Y); col != e.col || row != e.row {
		g.remove(e)
		g.file(e, col, row)
	}
}

// step files an entity under a neighbour of its cell.
func (g *grid) step(e *entity, cols, rows int) {
	g.remove(e)
	g.file(e, clamp(e.col+cols, g.cols), clamp(e.row+rows, g.rows))
}

func (g *grid) file(e *entity, col, row int) {
	if g.cells == nil {
		g.cells = make([][]cell, g.rows)
	}
	if g.cells[row] == nil {
		g.cells[row] = make([]cell, g.cols)
	}
	c := &g.cells[row][col]
	e.col, e.row, e.slot = col, row, len(*c)
	*c = append(*c, e)
}

func (g *grid) remove(e *entity) {
	c := &g.cells[e.row][e.col]
	last := len(*c) - 1
	moved := (*c)[last]
	(*c)[e.slot] = moved
	moved.slot = e.slot
	(*c)[last] = nil
	*c = (*c)[:last]
}

// clear gives the memory of an empty grid back.
func (g *grid) clear() { g.cells = nil }

// near returns the part of each row of cells in which an entity in sight of e
// can be; a row without memory is empty.
func (g *grid) near(e *entity) (rows [][]cell, left, right int) {
	low, high := clamp(e.row-g.reach, g.rows), clamp(e.row+g.reach, g.rows)
	return g.cells[low : high+1], clamp(e.col-g.reach, g.cols), clamp(e.col+g.reach, g.cols)
}

// leaves returns in how many seconds from its beginning the walk of e leaves
// its cell, and where to, as steps of columns and rows.
func (g *grid) leaves(e *entity) (seconds float64, cols, rows int) {
	x := until(e.from.X, e.velocity.X, g.origin.X, g.edge, e.col, g.cols)
	y := until(e.from.Y, e.velocity.Y, g.origin.Y, g.edge, e.row, g.rows)
	if x <= y {
		return x, sign(e.velocity.X), 0
	}
	return y, 0, sign(e.velocity.Y)
}

// until returns in how many seconds a coordinate is at the edge of one of n
// cells; never at the edge of the grid, which no walk crosses.
func until(from, velocity, origin, edge float64, cell, n int) float64 {
	switch {
	case velocity > 0 && cell < n-1:
		return (origin + edge*float64(cell+1) - from) / velocity
	case velocity < 0 && cell > 0:
		return (origin + edge*float64(cell) - from) / velocity
	}
	return math.Inf(1)
}

func sign(v float64) int {
	if v < 0 {
		return -1
	}
	return 1
}
