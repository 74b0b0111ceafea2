package zone

import (
	"math"

	"github.com/waystone-mmo/waystone/internal/game/data"
)

// grid divides a zone into square cells, so that looking around costs what is
// near and not what there is. Every entity's place lies within the zone's
// bounds.
type grid struct {
	origin     data.Point
	cell       float64
	cols, rows int
	cells      [][]*entity
}

func newGrid(z *data.Zone) grid {
	g := grid{origin: z.Min, cell: z.Sight.Cell}
	g.cols = int(math.Floor((z.Max.X-z.Min.X)/g.cell)) + 1
	g.rows = int(math.Floor((z.Max.Y-z.Min.Y)/g.cell)) + 1
	g.cells = make([][]*entity, g.cols*g.rows)
	return g
}

func (g *grid) col(x float64) int { return clamp(int((x-g.origin.X)/g.cell), g.cols) }
func (g *grid) row(y float64) int { return clamp(int((y-g.origin.Y)/g.cell), g.rows) }

func clamp(i, n int) int { return max(0, min(i, n-1)) }

func (g *grid) index(p data.Point) int { return g.row(p.Y)*g.cols + g.col(p.X) }

func (g *grid) add(e *entity) {
	e.cell = g.index(e.pos)
	e.cellSlot = len(g.cells[e.cell])
	g.cells[e.cell] = append(g.cells[e.cell], e)
}

func (g *grid) remove(e *entity) {
	cell := g.cells[e.cell]
	last := cell[len(cell)-1]
	cell[e.cellSlot] = last
	last.cellSlot = e.cellSlot
	cell[len(cell)-1] = nil
	g.cells[e.cell] = cell[:len(cell)-1]
}

// move files an entity under the cell that it is in now.
func (g *grid) move(e *entity) {
	if g.index(e.pos) != e.cell {
		g.remove(e)
		g.add(e)
	}
}

// near calls f for every entity in the cells that a circle touches.
func (g *grid) near(p data.Point, radius float64, f func(*entity)) {
	left, right := g.col(p.X-radius), g.col(p.X+radius)
	low, high := g.row(p.Y-radius), g.row(p.Y+radius)
	for row := low; row <= high; row++ {
		for col := left; col <= right; col++ {
			for _, e := range g.cells[row*g.cols+col] {
				f(e)
			}
		}
	}
}
